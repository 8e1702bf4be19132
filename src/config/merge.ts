import { isMap } from './check.ts';
import type { Layer } from './groups.ts';
import type { Path } from './source.ts';

/** Variables after merging, and where each value that won is written. */
export interface Merged {
  readonly values: Record<string, unknown>;
  /** The place in the file of a path into the values; undefined for what is not written anywhere. */
  origin(path: Path): Path | undefined;
}

/** Later layers win. The keys that `mergesDeep` accepts are merged map by map, all others are replaced as a whole, as Ansible does. */
export function mergeLayers(layers: readonly Layer[], mergesDeep: (key: string) => boolean): Merged {
  const values: Record<string, unknown> = {};
  const origins = new Map<string, Path>();
  const put = (
    target: Record<string, unknown>,
    key: string,
    value: unknown,
    path: Path,
    origin: Path,
    deep: boolean,
    takesOut: boolean,
  ) => {
    origins.set(JSON.stringify(path), origin);
    if (takesOut && value === null) {
      delete target[key];
      return;
    }
    if (!deep || !isMap(value)) {
      target[key] = value;
      return;
    }
    const before = target[key];
    const inner: Record<string, unknown> = isMap(before) ? before : {};
    target[key] = inner;
    for (const [name, one] of Object.entries(value))
      put(inner, name, one, [...path, name], [...origin, name], true, takesOut);
  };
  for (const layer of layers)
    for (const [key, value] of Object.entries(layer.values))
      put(
        values,
        key,
        value,
        [key],
        [...layer.path, layer.written?.[key] ?? key],
        mergesDeep(key),
        layer.takesOut ?? false,
      );
  return {
    values,
    origin(path) {
      for (let length = path.length; length > 0; length--) {
        const origin = origins.get(JSON.stringify(path.slice(0, length)));
        if (origin) return [...origin, ...path.slice(length)];
      }
      return undefined;
    },
  };
}
