import { InvalidArgumentError } from 'commander';

/** Parses an option's whole number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}
