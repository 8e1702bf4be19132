import { z } from 'zod';
import { connectionAliases, connectionSchema } from './connection.ts';
import { unwrapSchema } from './schema-walk.ts';
import { settingsSchema } from './settings.ts';

export interface KeyReference {
  readonly key: string;
  readonly description: string;
  /** As it would be written in YAML; `required`, or empty where leaving the key out means nothing. */
  readonly fallback: string;
}

/** Every key of a schema with its dotted path, in order. */
export function referenceOf(schema: z.ZodObject, prefix = ''): readonly KeyReference[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, one]) => {
    const key = prefix + name;
    const bare = unwrapSchema(one);
    if (bare instanceof z.ZodObject) return referenceOf(bare, `${key}.`);
    return [{ key, description: one.description ?? '', fallback: fallbackOf(one) }];
  });
}

function fallbackOf(schema: z.ZodType): string {
  const result = schema.safeParse(undefined);
  if (!result.success) return 'required';
  return result.data === undefined ? '' : JSON.stringify(result.data).replaceAll('"', '');
}

const table = (rows: readonly KeyReference[]): string =>
  [
    '| key | meaning | if left out |',
    '|---|---|---|',
    ...rows.map(
      (row) =>
        `| \`${row.key}\` | ${row.description} | ${row.fallback && (row.fallback === 'required' ? row.fallback : `\`${row.fallback}\``)} |`,
    ),
  ].join('\n');

export const settingsTable = (): string => table(referenceOf(settingsSchema));
export const connectionTable = (): string => table(referenceOf(connectionSchema));
export const aliasesTable = (): string =>
  [
    '| also understood | the same as |',
    '|---|---|',
    ...Object.entries(connectionAliases).map(([alias, name]) => `| \`${alias}\` | \`${name}\` |`),
  ].join('\n');
