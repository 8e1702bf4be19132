import { ClusterLock } from '../../engine/lock.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import { quote } from '../../shell.ts';
import { describeThisRun, hasEnded } from './this-process.ts';

/** The command a person is told to use. */
export const unlockCommand = (inventory: string): string => `./provision unlock ${quote(inventory)}`;

/** The same run, holding the cluster's lock while it goes on. */
export function withLock(request: RunRequest, inventory: string): RunRequest & { readonly lock: ClusterLock } {
  const { id, command, emit } = request;
  return { ...request, lock: newLock(command, id, inventory, (message) => emit({ type: 'warning', message })) };
}

/** The cluster's lock, not taken yet. */
export const newLock = (command: string, id: string, inventory: string, warn: (message: string) => void): ClusterLock =>
  new ClusterLock({
    holder: describeThisRun(command, id, new Date()),
    unlock: unlockCommand(inventory),
    hasEnded,
    warn,
  });
