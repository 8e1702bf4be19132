import { z } from 'zod';
import { connectionAliases, connectionSchema } from './connection.ts';
import { stageSchema, taskSchema } from './playbook-schema.ts';
import { unwrapSchema } from './schema-walk.ts';
import { settingsSchema } from './settings.ts';

export interface KeyReference {
  readonly key: string;
  readonly description: string;
  /** What leaving the key out means, as it would be written in YAML; `required`, or empty where it means nothing. */
  readonly fallback: string;
}

/** Every key of a schema with its dotted path, in order. */
export function referenceOf(schema: z.ZodObject, prefix = '', required = 'required'): readonly KeyReference[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, one]) => {
    const key = prefix + name;
    const bare = unwrapSchema(one);
    if (bare instanceof z.ZodObject)
      return referenceOf(bare, `${key}.`, one instanceof z.ZodOptional ? `required in ${key}` : required);
    const object = bare instanceof z.ZodUnion && orWord(bare);
    if (object)
      return [{ key, description: one.description ?? '', fallback: '' }, ...referenceOf(object, `${key}.`, required)];
    return [{ key, description: one.description ?? '', fallback: fallbackOf(one, required) }];
  });
}

/** The keys of a section in whose place one word may stand. */
const orWord = ({ def: { options } }: z.ZodUnion): z.ZodObject | undefined =>
  options.some((option) => option instanceof z.ZodLiteral)
    ? options.find((option) => option instanceof z.ZodObject)
    : undefined;

function fallbackOf(schema: z.ZodType, required: string): string {
  const result = schema.safeParse(undefined);
  if (!result.success) return required;
  const text = JSON.stringify(result.data ?? '').replaceAll('"', '');
  return text === '[]' || text === '{}' ? '' : text;
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const code = (text: string): string => (text === '' || text.startsWith('required') ? text : `\`${text}\``);

/** The keys of a schema as a Markdown table. */
const referenceTable = (schema: z.ZodObject): string =>
  [
    row(['key', 'meaning', 'if left out']),
    '|---|---|---|',
    ...referenceOf(schema).map(({ key, description, fallback }) => row([code(key), description, code(fallback)])),
  ].join('\n');

const aliasTable = (): string =>
  [
    row(['also understood', 'the same as']),
    '|---|---|',
    ...Object.entries(connectionAliases).map((names) => row(names.map(code))),
  ].join('\n');

/** The tables of the reference pages, by page. */
export const referenceTables = (): Readonly<Record<'inventory' | 'playbooks', readonly string[]>> => ({
  inventory: [referenceTable(settingsSchema), referenceTable(connectionSchema), aliasTable()],
  playbooks: [referenceTable(stageSchema), referenceTable(taskSchema)],
});
