import { randomNumbers } from '../random-numbers.ts';

/** Says which moments a test takes; PROVISION_SEED repeats those of an earlier run. */
export const seed = Number(process.env['PROVISION_SEED'] ?? Date.now() % 1_000_000);

/** PROVISION_EVERY=5 takes every fifth moment, others with each seed; all of them unless said. */
const every = Number(process.env['PROVISION_EVERY'] ?? 1);

/** Moments from 0 to 1, one in each of so many parts of a whole. */
export function randomMoments(parts: number): readonly number[] {
  const random = randomNumbers(seed);
  const moments = Array.from({ length: parts }, (_, part) => (part + random()) / parts);
  return moments.filter((_, part) => part % every === seed % every);
}
