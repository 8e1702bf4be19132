import { isMap } from '../is-map.ts';
import { addField, changeField, dropField, rawField, replaceRaw } from './edit-yaml.ts';
import { NotEditable, readYaml } from './yaml-text.ts';

/** A field that we set in a file, and what to put back when it is not wanted any more. */
export interface SetField {
  readonly path: readonly string[];
  readonly value: unknown;
  /** What stood behind its colon; null where the field was not there. */
  readonly former: string | null;
  /** How many of the maps around it came with it. */
  readonly made: number;
}

export interface Edited {
  readonly text: string;
  readonly fields: readonly SetField[];
}

/** The text as it would be without us: fields that still have our value get back what they had, newest first; those that someone else changed since are theirs. */
export function takeBack(text: string, fields: readonly SetField[]): string {
  return fields.toReversed().reduce((now, { path, value, former, made }) => {
    const found = fieldAt(now, path);
    if (found === undefined || !isSame(found.value, value)) return now;
    return former === null ? dropField(now, path, made) : replaceRaw(now, path, former);
  }, text);
}

/** Sets what differs from the wish, field by field, every other byte kept; throws NotEditable where that cannot be. */
export function setFields(text: string, wanted: Readonly<Record<string, unknown>>): Edited {
  const fields: SetField[] = [];
  let now = text;
  for (const { path, value } of leavesOf(wanted, parsed(text))) {
    const found = fieldAt(now, path);
    if (found !== undefined && isSame(found.value, value)) continue;
    const former = found === undefined ? undefined : rawField(now, path);
    const { text: after, made } =
      former === undefined ? addField(now, path, value) : { text: changeField(now, path, value), made: 0 };
    if (!isSame(parsed(after), withField(parsed(now), path, value)))
      throw new NotEditable(`${path.join('.')} cannot be changed without changing more`);
    now = after;
    fields.push({ path, value, former: former ?? null, made });
  }
  return { text: now, fields };
}

/** What the file says of a field; undefined where it says nothing. */
export function fieldAt(text: string, path: readonly string[]): { readonly value: unknown } | undefined {
  let value = parsed(text);
  for (const key of path) {
    if (!isMap(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return { value };
}

function parsed(text: string): unknown {
  const read = readYaml(text);
  if ('why' in read) throw new NotEditable(read.why);
  return read.value;
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The fields of a wish: down into its maps, as long as the file has a map there too or nothing at all. */
export function leavesOf(wanted: unknown, actual: unknown, path: readonly string[] = []): Leaf[] {
  const isMapWanted = isMap(wanted) && Object.keys(wanted).length > 0;
  const canEnter = actual === undefined || (isMap(actual) && Object.keys(actual).length > 0);
  if (!isMapWanted || !canEnter) return path.length === 0 ? [] : [{ path, value: wanted }];
  return Object.entries(wanted).flatMap(([key, value]) =>
    leavesOf(value, isMap(actual) && Object.hasOwn(actual, key) ? actual[key] : undefined, [...path, key]),
  );
}

function withField(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const map = isMap(whole) ? whole : {};
  return { ...map, [key]: withField(map[key], rest, value) };
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, node: unknown) =>
    isMap(node) ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1))) : node,
  );

const isSame = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);
