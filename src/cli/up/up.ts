import { execute, type ShowOptions } from '../run/execute-run.ts';
import { withLock } from '../wire/wire-lock.ts';
import { type RunOptions, wireRun } from '../wire/wire-run.ts';

export interface UpOptions extends RunOptions, ShowOptions {}

/** The command `up`; resolves to its exit code: 0, or that of the first failure. */
export const up = (inventory: string, options: UpOptions): Promise<number> =>
  execute(options, async (emit) => withLock(await wireRun('up', inventory, options, emit), inventory));
