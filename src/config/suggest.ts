import { distance } from 'fastest-levenshtein';

const bare = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, '');

/** The known name that a misspelt one nearly spells. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(bare(name).length / 3)) + 1;
  for (const candidate of known) {
    const steps = distance(bare(name), bare(candidate));
    if (steps < bestDistance) {
      best = candidate;
      bestDistance = steps;
    }
  }
  return best;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`;
}
