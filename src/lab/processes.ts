import { kill } from 'node:process';

/** Sends a signal to processes, those that are gone already aside. */
export function signal(name: 'SIGTERM' | 'SIGKILL', pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
