import { closest, distance } from 'fastest-levenshtein';
import type { KnownFlags } from './flags.ts';
import { flagsOfVersion, likelyFlags } from './recorded-flags.ts';

/**
 * The flags a binary knows: those of its `--help`, and those that its minor release is recorded to hide there. Without such a
 * text all that is recorded; undefined where neither is had, so that nothing is called unknown for want of a list. Which take
 * a value is told by the record first: a text may name a word as if it were the value of a switch (`--seccomp-default` does).
 */
export function knownFlags(help: string, binary = '', version = ''): KnownFlags | undefined {
  const listed = parseHelp(help);
  const known = new Map(listed);
  const recorded = listed.size === 0 ? (flagsOfVersion(binary, version) ?? []) : likelyFlags(binary, version);
  for (const { name, takesValue, isHidden } of recorded)
    if (listed.size === 0 || listed.has(name) || isHidden) known.set(name, { takesValue });
  if (known.size === 0) return undefined;
  for (const name of ['help', 'h', 'version']) known.set(name, { takesValue: false });
  return known;
}

/** The flags that the `--help` of a Go binary lists. */
export function parseHelp(text: string): KnownFlags {
  const listed = new Map<string, { takesValue: boolean }>();
  for (const line of text.split('\n')) {
    const [, short, name, type] = /^\s+(?:-(\w), )?--?([A-Za-z0-9][\w.-]*)(?:\[=\S*\])?(?: (\S+))?/.exec(line) ?? [];
    if (name === undefined) continue;
    const flag = { takesValue: type !== undefined && !type.includes('[=') };
    listed.set(name.replaceAll('_', '-'), flag);
    if (short !== undefined) listed.set(short, flag);
  }
  return listed;
}

/** The known name a misspelt one most likely means. */
export function nearestFlag(name: string, known: KnownFlags): string | undefined {
  const nearest = known.size === 0 ? undefined : closest(name, [...known.keys()]);
  return nearest !== undefined && distance(name, nearest) <= Math.max(2, name.length / 4) ? nearest : undefined;
}
