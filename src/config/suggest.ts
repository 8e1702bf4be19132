import { distance } from 'fastest-levenshtein';

const bare = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, '');

const sorted = (name: string): string => [...name].sort().join('');

/** Steps from one name to the other; letters that changed places are one. */
function steps(from: string, to: string): number {
  const count = distance(from, to);
  return count === 2 && sorted(from) === sorted(to) ? 1 : count;
}

/** The known name that a misspelt one nearly spells. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(bare(name).length / 3)) + 1;
  for (const candidate of known) {
    const count = steps(bare(name), bare(candidate));
    if (count < bestDistance) {
      best = candidate;
      bestDistance = count;
    }
  }
  return best;
}

/** ` (did you mean "x"?)`, or nothing; `around` is said before the suggestion. */
export function didYouMean(name: string, known: Iterable<string>, around: readonly string[] = []): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? '' : ` (did you mean "${[...around, suggestion].join('.')}"?)`;
}
