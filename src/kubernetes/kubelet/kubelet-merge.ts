import { isMap } from '../is-map.ts';
import { leavesOf } from './config-fields.ts';
import { readYaml, renderYaml } from './yaml-text.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a configuration file; undefined of one that we cannot read, as a kubelet perhaps can. */
export function readFields(text: string | null): Fields | undefined {
  const read = readYaml(text ?? '');
  if ('why' in read || !isMap(read.value)) return undefined;
  const { apiVersion: _, kind: __, ...fields } = read.value;
  return fields;
}

/** The same, none of one that cannot be read. */
export const fieldsOf = (text: string | null): Fields => readFields(text) ?? {};

/** What a kubelet makes of a configuration and a drop-in that comes after it: maps are merged, everything else is replaced, null takes away (RFC 7396). */
export function mergeFields(base: Fields, patch: Fields): Fields {
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    const under = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isMap(value) ? mergeFields(isMap(under) ? under : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/**
 * What a kubelet would conclude if the fields stood in the file of `--config`, and does not if they come by a drop-in, as its
 * defaults are in place by then. A folder that was not there before also makes it forget an empty list of that file.
 */
export function impliedFields(wanted: Fields, file: Fields, others: Fields, isFolderNew: boolean): Fields {
  const isSaid = (name: string): boolean => name in wanted || name in others;
  const { maxParallelImagePulls: pulls, nodeStatusUpdateFrequency: frequency } = wanted;
  const { enforceNodeAllocatable: enforced } = file;
  const isEmpty = Array.isArray(enforced) && enforced.length === 0;
  return {
    ...(typeof pulls === 'number' && pulls > 1 && !isSaid('serializeImagePulls') && { serializeImagePulls: false }),
    ...(frequency !== undefined && !isSaid('nodeStatusReportFrequency') && { nodeStatusReportFrequency: frequency }),
    ...(isFolderNew && isEmpty && !('enforceNodeAllocatable' in wanted) && { enforceNodeAllocatable: [] }),
  };
}

/** Of a configuration what it says of the fields that another one sets. */
export function sameFields(config: Fields, like: Fields): Fields {
  const picked = leavesOf(like, undefined).flatMap(({ path }) => {
    const value = path.reduce<unknown>((map, key) => (isMap(map) ? map[key] : undefined), config);
    return value === undefined ? [] : [path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Fields];
  });
  return picked.reduce(mergeFields, {});
}

/** An empty map would change nothing when it is merged; what takes the place of all keys is nothing at all. */
const emptied = (value: unknown): unknown => {
  if (!isMap(value)) return value;
  const entries = Object.entries(value);
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([key, inner]) => [key, emptied(inner)]));
};

export const renderFields = (fields: Fields): string => (Object.keys(fields).length === 0 ? '' : renderYaml(fields));

/** The text of our file. */
export const renderDropInFile = (wanted: Fields, implied: Fields): string =>
  [
    '# Written by provision from its inventory; changes made here are lost at the next run.\n',
    'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n',
    renderFields(emptied(wanted) as Fields),
    ...(Object.keys(implied).length === 0
      ? []
      : ['# As it would be if the fields stood in the file of --config.\n', renderFields(implied)]),
  ].join('');
