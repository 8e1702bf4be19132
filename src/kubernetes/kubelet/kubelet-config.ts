import { effectiveValues } from '../flags/flags.ts';
import { atLeast, minorOf } from '../flags/versions.ts';
import { isMap } from '../is-map.ts';
import { type FieldType, type KubeletField, kubeletFields } from './kubelet-fields.ts';

type Config = Readonly<Record<string, unknown>>;

export interface ConfigProblem {
  readonly path: readonly string[];
  readonly what: string;
  /** The names that may stand there, where a name is what is wrong. */
  readonly known?: readonly string[];
  /** What may stand there, where the value is what is wrong. */
  readonly form?: string;
}

const expectations: Readonly<Record<FieldType, { readonly say: string; fits(value: unknown): boolean }>> = {
  text: { say: 'a text', fits: (value) => typeof value === 'string' },
  number: { say: 'a number', fits: (value) => typeof value === 'number' },
  boolean: { say: 'true or false', fits: (value) => typeof value === 'boolean' },
  duration: {
    say: 'a duration such as "1m30s"',
    fits: (value) => typeof value === 'string' && /^-?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(value),
  },
  list: { say: 'a list', fits: Array.isArray },
  texts: { say: 'a map of texts (numbers in quotes)', fits: (value) => isMap(value) && all(value, 'string') },
  switches: { say: 'a map of names to true or false', fits: (value) => isMap(value) && all(value, 'boolean') },
  any: { say: 'a value', fits: (value) => value !== null },
};

const all = (map: Config, type: string): boolean => Object.values(map).every((value) => typeof value === type);

/** What of a wish no KubeletConfiguration could hold: names it has never had, values of another type. */
export function checkKubeletConfig(config: Config, path: readonly string[] = []): ConfigProblem[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const here = [...path, key];
    const field = kubeletFields.get(here.join('.'));
    if (field) {
      const { say, fits } = expectations[field.type];
      return fits(value) ? [] : [{ path: here, what: `"${here.join('.')}" is ${say}`, form: say }];
    }
    const inner = keysBelow(here);
    if (inner.length === 0)
      return [{ path: here, what: `A kubelet has no field "${here.join('.')}"`, known: keysBelow(path) }];
    const form = `a map with ${inner.join(', ')}`;
    if (!isMap(value)) return [{ path: here, what: `"${here.join('.')}" is ${form}`, form }];
    return checkKubeletConfig(value, here);
  });
}

/** The names that may stand in the map at a path. */
const keysBelow = (path: readonly string[]): string[] => {
  const prefix = path.map((key) => `${key}.`).join('');
  const below = [...kubeletFields.keys()].filter((name) => name.startsWith(prefix));
  return [...new Set(below.map((name) => name.slice(prefix.length).split('.')[0] ?? ''))];
};

/** The known fields that a wish sets, with the keys of their maps. */
export function wantedFields(
  config: Config,
  path: readonly string[] = [],
): {
  readonly name: string;
  readonly field: KubeletField;
  readonly value: unknown;
}[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const name = [...path, key].join('.');
    const field = kubeletFields.get(name);
    if (field) return [{ name, field, value }];
    return isMap(value) ? wantedFields(value, [...path, key]) : [];
  });
}

/** The fields that a kubelet of this version has not yet, or no more. */
export const unknownTo = (
  config: Config,
  version: string,
): { readonly name: string; readonly since: string; readonly until: string | undefined }[] =>
  wantedFields(config)
    .filter(({ field: { since, until } }) => !atLeast(version, since) || (until && isLater(version, until)))
    .map(({ name, field }) => ({ name, since: field.since, until: field.until }));

const isLater = (version: string, until: string): boolean => (minorOf(version) ?? 0) > (minorOf(until) ?? 0);

/** The first flag of a command line that wins over a field of the wish; one for feature gates only over the gates it names. */
export function maskingFlag(
  config: Config,
  argv: readonly string[],
): { readonly flag: string; readonly value: string; readonly field: string } | undefined {
  for (const { name, field, value } of wantedFields(config))
    for (const flag of field.flags) {
      const said = effectiveValues(argv, flag);
      const gates = said.flatMap((one) => one.split(',')).map((one) => one.split('=')[0] ?? '');
      const isMasked =
        field.type === 'switches' ? Object.keys(value as object).some((key) => gates.includes(key)) : said.length > 0;
      if (isMasked) return { flag, value: said.join(','), field: name };
    }
  return undefined;
}
