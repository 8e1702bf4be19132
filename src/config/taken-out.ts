import { ProvisionError, ProvisionErrors } from '../errors.ts';
import { isMap, valueAt } from './check.ts';
import type { Inventory } from './host.ts';
import type { OneOff } from './one-off.ts';
import { didYouMean } from './suggest.ts';

/** Warnings of nulls that take out what is not there. Throws SET_INVALID where it looks like a space left out: `{v:4}` is a key. */
export function checkTakenOut(oneOffs: readonly OneOff[], { settings, hosts }: Inventory): readonly string[] {
  const places = [settings, ...hosts.map((host) => host.settings)];
  const missing = oneOffs.flatMap((oneOff, index) => {
    const known = [...places, ...oneOffs.slice(0, index).map(({ layer }) => layer.values)];
    return nullsIn(oneOff.value, oneOff.path)
      .filter((path) => known.every((place) => valueAt(place, path) === undefined))
      .map((path) => ({ oneOff, path, known }));
  });
  const mistakes = missing.flatMap(({ oneOff, path }) => {
    const [, name, value] = /^([^:]+):(\S+)$/.exec(path.at(-1) ?? '') ?? [];
    if (name === undefined || path.length === oneOff.path.length) return [];
    return [
      new ProvisionError({
        code: 'SET_INVALID',
        kind: 'usage',
        what: `"${name}:${value}" is a key without a value`,
        where: oneOff.locate(path, 'key'),
        fix: `Write a space after the colon: { ${name}: ${value} }.`,
      }),
    ];
  });
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
  return missing.map(({ oneOff, path, known }) => {
    const siblings = known.map((place) => valueAt(place, path.slice(0, -1))).filter(isMap);
    const meant = didYouMean(path.at(-1) ?? '', siblings.flatMap(Object.keys));
    return `--set ${oneOff.text} takes out ${path.join('.')}, which the inventory does not say${meant}`;
  });
}

const nullsIn = (value: unknown, path: readonly string[]): (readonly string[])[] => {
  if (value === null) return [path];
  return isMap(value) ? Object.entries(value).flatMap(([key, inner]) => nullsIn(inner, [...path, key])) : [];
};
