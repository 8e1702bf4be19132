import type { Serial } from './stage.ts';

/** Batches exactly as asked; a percentage of all hosts is rounded up, at least 1, and the last size repeats. */
export function splitBatches<T>(hosts: readonly T[], serial: Serial): T[][] {
  const batches: T[][] = [];
  let from = 0;
  while (from < hosts.length) {
    const asked = serial[Math.min(batches.length, serial.length - 1)] ?? hosts.length;
    const size =
      typeof asked === 'number' ? asked : Math.max(1, Math.ceil((hosts.length * Number.parseFloat(asked)) / 100));
    batches.push(hosts.slice(from, from + size));
    from += size;
  }
  return batches;
}
