import { z } from 'zod';
import { keysOf, layersOf, schemasAt, unwrapSchema } from './schema-walk.ts';
import type { Path } from './source.ts';
import { nearest } from './suggest.ts';

/** Where an issue was found. */
export interface IssuePlace {
  readonly schema: z.ZodType;
  readonly path: Path;
  readonly value: unknown;
  /** What describes all keys: a page of docs/, or a command. */
  readonly page: string;
}

/** What to do about a key that is none: `meant` is the known one that it nearly spells. */
export function fixOfKey(known: readonly string[], meant: string | undefined, page: string): string {
  if (meant !== undefined) return `Write ${meant}, or take it out; ${page} has all keys.`;
  if (known.length === 0) return `Take it out; ${page} has all keys.`;
  return `Take it out, or write one of: ${known.join(', ')}; ${page} has all keys.`;
}

/** What to do about a key that is not there. */
export function fixOfMissing({ schema, path, page }: IssuePlace): string {
  const schemas = schemasAt(schema, path);
  const example = exampleOf(schemas);
  const say = !isText(schemas) ? `: ${formOf(schemas)}` : example === undefined ? '' : `, such as ${example}`;
  return `Add ${path.at(-1)}${say}; ${page} has all keys.`;
}

/** What to write instead of the name of a key, where all names are right that have a form. */
export function fixOfName(issue: z.core.$ZodIssue & { readonly code: 'invalid_key' }, place: IssuePlace): string {
  const own = issue.issues.map(fixWithin).find((fix) => fix !== undefined);
  const around = schemasAt(place.schema, place.path.slice(0, -1)).map(unwrapSchema);
  const names = around.flatMap((schema) => (schema instanceof z.ZodRecord ? [schema.def.keyType] : []));
  return own ?? fixOfText(names, place.path, place.page);
}

/** What to write instead of a value: the form that the schema asks for, with an example where it has one. */
export function fixOfValue(issue: z.core.$ZodIssue, { schema, path, value, page }: IssuePlace): string {
  const own = fixWithin(issue);
  if (own !== undefined) return own;
  const schemas = schemasAt(schema, path);
  const meant = issue.code === 'invalid_value' ? nearest(String(value), issue.values.map(String)) : undefined;
  if (meant !== undefined) return `Write ${meant}.`;
  const fits = (other: unknown): boolean => schemas.some((one) => (one as z.ZodType).safeParse(other).success);
  if (typeof value === 'string' && /^(yes|no|on|off)$/i.test(value) && fits(true))
    return `Write ${/^(yes|on)$/i.test(value)}.`;
  const bare = typeof value === 'string' ? withoutQuotes(value) : undefined;
  if (bare !== undefined && fits(bare)) return 'Take the quotes away.';
  if ((typeof value === 'number' || typeof value === 'boolean') && fits(String(value))) return 'Put it in quotes.';
  if (isText(schemas)) return fixOfText(schemas, path, page);
  if (issue.code === 'too_small' && issue.origin === 'array') return `Write at least ${issue.minimum} into it.`;
  const example = alternatives(schemas).some((one) => choicesOf(one).length > 0) ? undefined : exampleOf(schemas);
  return `Write ${formOf(schemas)}${example === undefined ? '' : `, such as ${example}`}.`;
}

/** The number or switch that a text is without its quotes. */
export function withoutQuotes(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** What a rule of our own says itself. */
const fixWithin = (issue: z.core.$ZodIssue): string | undefined => {
  const fix: unknown = issue.code === 'custom' ? issue.params?.['fix'] : undefined;
  return typeof fix === 'string' ? fix : undefined;
};

function fixOfText(schemas: readonly z.core.$ZodType[], path: Path, page: string): string {
  const example = exampleOf(schemas);
  const meaning = meaningOf(schemas)?.replace(/;[^;]* if left out$/, '');
  if (example !== undefined) return `Write something like ${example}${meaning === undefined ? '' : `: ${meaning}`}.`;
  const key = path.findLast((step) => typeof step === 'string') ?? 'it';
  return `Correct ${key}${meaning === undefined ? `; ${page} says what goes there` : `: ${meaning}`}.`;
}

/** What may stand where one of these schemas holds, in words. */
export function formOf(schemas: readonly z.core.$ZodType[]): string {
  const forms = [...new Set(alternatives(schemas).flatMap(formsOf))];
  const last = forms.pop() ?? 'a value';
  return forms.length === 0 ? last : `${forms.join(', ')} or ${last}`;
}

/** The schemas without wrappers and unions around them, maps last. */
const alternatives = (schemas: readonly z.core.$ZodType[]): readonly z.core.$ZodType[] =>
  schemas
    .map(unwrapSchema)
    .flatMap((schema) => (schema instanceof z.ZodUnion ? alternatives(schema.def.options) : [schema]))
    .toSorted((a, b) => Number(a instanceof z.ZodObject) - Number(b instanceof z.ZodObject));

const isText = (schemas: readonly z.core.$ZodType[]): boolean =>
  alternatives(schemas).every((schema) => schema._zod.def.type === 'string');

/** The words that may stand there, where only some may. */
function choicesOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodBoolean) return ['true', 'false'];
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  return schema instanceof z.ZodLiteral ? schema.def.values.map(String) : [];
}

function formsOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodNumber) return [formOfNumber(schema)];
  if (schema instanceof z.ZodArray) return ['a list'];
  if (schema instanceof z.ZodObject) return [formOfMap(schema)];
  if (schema instanceof z.ZodRecord) return ['a map'];
  const choices = choicesOf(schema);
  if (choices.length > 0) return choices;
  const example = exampleOf([schema]);
  return [example === undefined ? 'text' : `text like ${example}`];
}

function formOfNumber(schema: z.ZodNumber): string {
  const { isInt, minValue, maxValue } = schema;
  const isLeftOut = isInt && !schema.safeParse(minValue).success;
  const from = isBound(minValue) ? minValue + (isLeftOut ? 1 : 0) : undefined;
  const to = isBound(maxValue) ? maxValue : undefined;
  const range =
    from === undefined
      ? to === undefined
        ? ''
        : ` up to ${to}`
      : ` from ${from} ${to === undefined ? 'on' : `to ${to}`}`;
  return `${isInt ? 'a whole number' : 'a number'}${range}`;
}

/** Every whole number has those of what a number can hold exactly. */
const isBound = (value: number | null): value is number => value !== null && Math.abs(value) < Number.MAX_SAFE_INTEGER;

const mostKeys = 8;

function formOfMap(schema: z.ZodObject): string {
  const keys = keysOf([schema]);
  const needed = keys.filter((key) => !(schema.shape[key] as z.ZodType).safeParse(undefined).success);
  if (needed.length > 0) return `a map with ${needed.join(', ')}`;
  return keys.length > mostKeys ? 'a map' : `a map with any of ${keys.join(', ')}`;
}

/** The example of a schema, else its default, as they are written in YAML. */
function exampleOf(schemas: readonly z.core.$ZodType[]): string | undefined {
  const layers = schemas.flatMap(layersOf);
  const examples: readonly unknown[] = layers.flatMap((layer) => asList(z.globalRegistry.get(layer)?.['examples']));
  const defaults = layers.flatMap((layer) => (layer instanceof z.ZodDefault ? [layer.def.defaultValue] : []));
  return [...examples, ...defaults].filter((one) => typeof one !== 'object' && one !== undefined).map(String)[0];
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const meaningOf = (schemas: readonly z.core.$ZodType[]): string | undefined =>
  schemas
    .flatMap(layersOf)
    .map((layer) => z.globalRegistry.get(layer)?.description)
    .find((one) => one !== undefined);
