import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { isMap } from '../is-map.ts';

/** Which object of the API is meant. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** An object as it is wanted: every field that it says, and nothing of the others. */
export interface Manifest extends ObjectReference {
  readonly metadata: ObjectReference['metadata'] & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** An object as it is; of Secrets without `data`. */
export interface LiveObject extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly uid: string; readonly resourceVersion: string };
}

/** An object by the fields that a run sets. */
export interface ObjectChange {
  /** As they were, null for one that was not there; null where there was no object. */
  readonly before: Manifest | null;
  readonly left: Manifest;
  /** The run removes it; then `left` only names it. */
  readonly isRemoved?: boolean;
}

/** As people call it, and as nothing else is called. */
export const nameObject = ({ kind, metadata: { name, namespace } }: ObjectReference): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** As it can be asked for, whatever else it says. */
export const referTo = ({ apiVersion, kind, metadata: { name, namespace } }: ObjectReference): ObjectReference => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
});

/** The objects of a YAML text, or why it is none. */
export function readManifests(text: string): { readonly manifests: readonly Manifest[] } | { readonly why: string } {
  const manifests: Manifest[] = [];
  for (const [index, document] of [...parseAllDocuments(text)].entries()) {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) return { why: problem.message.split('\n')[0] ?? '' };
    const value: unknown = document.toJS();
    if (value === null) continue;
    const why = refuse(value);
    if (why !== undefined) return { why: `object ${index + 1} ${why}` };
    manifests.push(value as Manifest);
  }
  return manifests.length > 0 ? { manifests } : { why: 'it has no object' };
}

function refuse(value: unknown): string | undefined {
  if (!isMap(value)) return 'is not a map';
  const metadata = value['metadata'];
  if (typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return 'has no apiVersion and kind';
  if (!isMap(metadata) || typeof metadata['name'] !== 'string') return 'has no metadata.name';
  if ('data' in value || 'stringData' in value)
    return value['kind'] === 'Secret' ? 'is a Secret with contents, which would be shown and recorded' : undefined;
  return undefined;
}

/** Containers, volumes and the like, of which the API says more than a manifest does: as many as in the pattern, in the same order. */
const areSameNamed = (value: unknown, pattern: unknown): value is readonly unknown[] =>
  Array.isArray(value) &&
  Array.isArray(pattern) &&
  value.length === pattern.length &&
  pattern.every(
    (one, index) => isMap(one) && isMap(value[index]) && 'name' in one && value[index]['name'] === one['name'],
  );

/** What a value has where the pattern has something: maps key by key, null where nothing is; lists of named things one by one; all else as a whole. */
export function project(value: unknown, pattern: unknown): unknown {
  if (areSameNamed(value, pattern)) return value.map((one, index) => project(one, (pattern as unknown[])[index]));
  if (!isMap(pattern)) return value ?? null;
  return Object.fromEntries(
    Object.entries(pattern).map(([key, one]) => [key, project(isMap(value) ? value[key] : undefined, one)]),
  );
}

/** Whether an object is what a manifest says: maps may hold more, lists are exactly so, but for what is in things with a name. */
export const fits = (live: Manifest, manifest: Manifest): boolean =>
  isDeepStrictEqual(project(live, manifest), manifest);

/** For people. */
export const showObject = (value: unknown): string => stringify(value, { lineWidth: 0 });
