import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { watchRun } from './run-roll.ts';
import { idOf, type Run, readRun, runCommand, type ToldEvent } from './run-up.ts';

/** Runs `migrate INVENTORY --output json` with these options in the inventory's folder, and reads its events. */
export const runMigration = async (inventory: string, ...options: readonly string[]): Promise<Run> =>
  readRun(await runCommand(['migrate', inventory, '--output', 'json', ...options], {}, { folder: dirname(inventory) }));

/** The same, with its events shown as they come. */
export const watchMigration = (
  inventory: string,
  onEvent: (event: ToldEvent, child: ChildProcess) => void,
  ...options: readonly string[]
): Promise<Run> => watchRun(['migrate', inventory, '--yes', ...options], { folder: dirname(inventory) }, onEvent);

/** Takes it back in the same folder. */
export const undoMigration = async (inventory: string, run: Run): Promise<Run> =>
  readRun(await runCommand(['undo', idOf(run), '--output', 'json'], {}, { folder: dirname(inventory) }));

/** What was told of it before it began. */
export function storyOf({ events }: Pick<Run, 'events'>) {
  const told = events.find((event) => event.type === 'migration');
  if (told?.type !== 'migration') throw new Error('nothing was told of the migration');
  return told;
}
