export type FlagValue = string | number | boolean | readonly string[];

/** The flags to have, by name without dashes; a list means the flag once for each value. */
export type WantedFlags = Readonly<Record<string, FlagValue>>;

/** What a binary's `--help` says of its flags: whether each takes the next word as its value. */
export type KnownFlags = ReadonlyMap<string, { readonly takesValue: boolean }>;

export interface Flag {
  /** Without dashes, `_` read as `-`, as the Kubernetes binaries do. */
  readonly name: string;
  /** A bare switch counts as `true`. */
  readonly value: string;
  /** Index of its word in the argv it was read from, and whether its value is the next word. */
  readonly start: number;
  readonly length: 1 | 2;
}

/** The flags of an argv (the program and positional words are passed over); `--` ends them. */
export function parseFlags(argv: readonly string[], known?: KnownFlags): Flag[] {
  const flags: Flag[] = [];
  for (let start = 0; start < argv.length; start += 1) {
    const word = argv[start] ?? '';
    if (word === '--') break;
    const [, written, inline] = /^--?([A-Za-z0-9][^=\s]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (written === undefined) continue;
    const joined = /^-v(\d+)$/.exec(word)?.[1];
    const name = joined === undefined ? written.replaceAll('_', '-') : 'v';
    const next = argv[start + 1];
    const value = inline ?? joined;
    if (value !== undefined) flags.push({ name, value, start, length: 1 });
    else if (next !== undefined && (known?.get(name)?.takesValue ?? !next.startsWith('-'))) {
      flags.push({ name, value: next, start, length: 2 });
      start += 1;
    } else flags.push({ name, value: 'true', start, length: 1 });
  }
  return flags;
}

/** The value a process started with this argv goes by: the last one wins. */
export const effectiveFlag = (argv: readonly string[], name: string, known?: KnownFlags): string | undefined =>
  parseFlags(argv, known).findLast((flag) => flag.name === name)?.value;

/** All values a flag is given, in order. */
export const effectiveValues = (argv: readonly string[], name: string): readonly string[] =>
  parseFlags(argv)
    .filter((flag) => flag.name === name)
    .map((flag) => flag.value);

export const flagValues = (value: FlagValue): readonly string[] =>
  typeof value === 'object' ? value : [String(value)];

export const renderFlag = (name: string, value: FlagValue): string[] =>
  flagValues(value).map((one) => `--${name}=${one}`);

/** Flags whose repetitions add up instead of the last one winning. */
const adding = new Set([
  'feature-gates',
  'node-labels',
  'register-with-taints',
  'eviction-hard',
  'eviction-soft',
  'eviction-soft-grace-period',
  'eviction-minimum-reclaim',
  'kube-reserved',
  'system-reserved',
  'allowed-unsafe-sysctls',
  'controllers',
  'tls-cipher-suites',
]);

/** Which of a flag's occurrences count: all of a list, the last one of anything else. */
export const countingOccurrences = (flags: readonly Flag[], name: string, value: FlagValue): Flag[] => {
  const occurrences = flags.filter((flag) => flag.name === name);
  return typeof value === 'object' || adding.has(name) ? occurrences : occurrences.slice(-1);
};

const booleans: Readonly<Record<string, string>> = { '1': 'true', t: 'true', '0': 'false', f: 'false' };
const asBoolean = (text: string): string => booleans[text.toLowerCase()] ?? text.toLowerCase();

export function saysTheSame(occurrences: readonly Flag[], value: FlagValue): boolean {
  const wanted = flagValues(value);
  const isSame = (flag: Flag, index: number): boolean =>
    typeof value === 'boolean' ? asBoolean(flag.value) === String(value) : flag.value === wanted[index];
  return occurrences.length === wanted.length && occurrences.every(isSame);
}
