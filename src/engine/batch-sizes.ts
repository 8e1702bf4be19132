import type { Serial } from './stage.ts';

/** How many hosts a size means of that many: a part is rounded up, or down where it is a limit; at least 1. */
export function sizeOf(size: Serial[number], hosts: number, rounding: 'up' | 'down'): number {
  if (typeof size === 'number') return size;
  const part = (hosts * Number.parseFloat(size)) / 100;
  return Math.max(1, rounding === 'up' ? Math.ceil(part) : Math.floor(part));
}

/** Batches exactly as asked; the last size repeats, and a part is of `all`. */
export function splitBatches<T>(hosts: readonly T[], serial: Serial, all = hosts.length): T[][] {
  const batches: T[][] = [];
  let from = 0;
  while (from < hosts.length) {
    const asked = serial[Math.min(batches.length, serial.length - 1)] ?? hosts.length;
    const size = sizeOf(asked, all, 'up');
    batches.push(hosts.slice(from, from + size));
    from += size;
  }
  return batches;
}
