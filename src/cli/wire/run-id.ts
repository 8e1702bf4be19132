import { randomBytes } from 'node:crypto';

/** A name that sorts by time and is unlikely to be taken. */
export const newRunId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;
