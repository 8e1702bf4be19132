import { z } from 'zod';
import { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { fixOfKey, fixOfMissing, fixOfName, fixOfValue, type IssuePlace } from './say-fix.ts';
import { keysOf, schemasAt } from './schema-walk.ts';
import { sayKey } from './secret-lines.ts';
import type { Path } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

export type Locate = (path: Path, part?: 'key' | 'value') => Location;

/** A mistake in a file of the operator. */
export const mistake = (what: string, where: Location, fix: string): ProvisionError =>
  new ProvisionError({ code: 'CONFIG_INVALID', kind: 'config', what, where, fix });

export type Checked<Value> = { readonly value: Value } | { readonly mistakes: readonly ProvisionError[] };

/** Checks a value against a schema, whose keys `page` describes; every issue becomes a mistake at its exact place. Issues that `leave` accepts are passed over. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  locate: Locate,
  page: string,
  leave: (issue: z.core.$ZodIssue) => boolean = () => false,
): Checked<z.output<Schema>> {
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data };
  const issues = result.error.issues.flatMap((issue) => narrow(issue)).filter((issue) => !leave(issue));
  return {
    mistakes: withoutMisspelt(schema, input, issues).flatMap((issue) => sayIssue(schema, input, issue, locate, page)),
  };
}

/** The mistakes in the order of the file, files in the order in which they come first, those said twice (once per host, say) left out. */
export function inOrder(mistakes: readonly ProvisionError[]): readonly ProvisionError[] {
  const key = ({ what, where }: ProvisionError): string => JSON.stringify([what, where]);
  const place = ({ where }: ProvisionError): number =>
    typeof where === 'object' ? where.line * 10_000 + where.column : 0;
  const fileOf = ({ where }: ProvisionError): string => (typeof where === 'object' ? where.file : '');
  const unique = [...new Map(mistakes.map((error) => [key(error), error])).values()];
  const files = [...new Set(unique.map(fileOf))];
  return unique.sort((a, b) => files.indexOf(fileOf(a)) - files.indexOf(fileOf(b)) || place(a) - place(b));
}

/** A union's issue replaced by those of the branch that came furthest, where one did. */
function narrow(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const branches = issue.errors.map((issues) => issues.flatMap(narrow));
  const saysMore = (one: z.core.$ZodIssue): boolean =>
    one.path.length > 0 || (one.code !== 'invalid_type' && one.code !== 'invalid_union');
  const branch = branches.find((issues) => issues.length > 0 && issues.every(saysMore));
  return branch ? branch.map((one) => ({ ...one, path: [...issue.path, ...one.path] })) : [issue];
}

/** A missing key is not said when it is there, misspelt, and that is said. */
function withoutMisspelt(
  schema: z.ZodType,
  input: unknown,
  issues: readonly z.core.$ZodIssue[],
): readonly z.core.$ZodIssue[] {
  const meant = issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [];
    const known = missingKeys(schema, input, plain(issue.path));
    return issue.keys.map((key) => JSON.stringify([...issue.path, nearest(key, known)]));
  });
  return issues.filter((issue) => issue.code === 'unrecognized_keys' || !meant.includes(JSON.stringify(issue.path)));
}

function missingKeys(schema: z.ZodType, input: unknown, path: Path): readonly string[] {
  const value = valueAt(input, path);
  return keysOf(schemasAt(schema, path)).filter((key) => !isMap(value) || !(key in value));
}

const plain = (path: readonly PropertyKey[]): Path =>
  path.map((step) => (typeof step === 'symbol' ? String(step) : step));

/** The value at a path; undefined where there is none. */
export const valueAt = (input: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => (isMap(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined),
    input,
  );

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function sayIssue(
  schema: z.ZodType,
  input: unknown,
  issue: z.core.$ZodIssue,
  locate: Locate,
  page: string,
): ProvisionError[] {
  const path = plain(issue.path);
  const value = valueAt(input, path);
  const place: IssuePlace = { schema, path, value, page };
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemasAt(schema, path));
    const missing = missingKeys(schema, input, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, missing) ?? nearest(key, known);
      const what = `Unrecognized key${sayKey(path, key)}${meant === undefined ? '' : didYouMean(key, [meant])}`;
      return mistake(what, locate([...path, key], 'key'), fixOfKey(known, meant, page));
    });
  }
  if (issue.code === 'invalid_key')
    return [mistake(sayMessage(issue.issues[0] ?? issue), locate(path, 'key'), fixOfName(issue, place))];
  if (value === undefined && path.length > 0 && isAboutAbsence(issue))
    return [
      mistake(
        `Missing key: "${path.at(-1)}"${describe(schema, path)}`,
        locate(path.slice(0, -1), 'key'),
        fixOfMissing(place),
      ),
    ];
  return [mistake(sayMessage(issue) + hint(issue, value), locate(path), fixOfValue(issue, place))];
}

/** Some schemas name only what they expect. */
const sayMessage = ({ message }: z.core.$ZodIssue): string =>
  /^an? /.test(message) ? `Invalid input: expected ${message}` : message;

const isAboutAbsence = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';

function describe(schema: z.ZodType, path: Path): string {
  const description = schemasAt(schema, path)
    .map((one) => z.globalRegistry.get(one)?.description)
    .find((text) => text !== undefined);
  return description === undefined ? '' : ` (${description})`;
}

function hint(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_value' && issue.values.length > 1 && typeof value === 'string')
    return didYouMean(value, issue.values.map(String));
  if (issue.code === 'invalid_union') {
    const expected = [...new Set(expectedBy(issue))];
    return `: expected ${expected.join(' or ')}`;
  }
  return '';
}

function expectedBy(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectedBy);
  return issue.code === 'invalid_type' ? [issue.expected] : ['another form'];
}
