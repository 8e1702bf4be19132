import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { LockHolder } from '../../kubernetes/cluster/lock-lease.ts';

type ProcessName = NonNullable<LockHolder['process']>;

/** Its state and start time in clock ticks since boot, fields 3 and 22 of /proc/PID/stat; throws where there is none. */
function readStat(pid: number | 'self'): { readonly state: string; readonly start: string } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

/** Undefined where there is no /proc. */
function nameThisProcess(): ProcessName | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { boot, pids: readlinkSync('/proc/self/ns/pid'), pid: process.pid, start: readStat('self').start };
  } catch {
    return undefined;
  }
}

/** What the lock says of a run of this process. */
export function describeThisRun(command: string, run: string, since: Date): LockHolder {
  const named = nameThisProcess();
  const { username: user } = userInfo();
  return { user, machine: hostname(), command, run, since: since.toISOString(), ...(named && { process: named }) };
}

/** True only for a holder whose process counted its id as this one does, so that its absence proves its end. */
export function hasEnded(holder: LockHolder): boolean {
  const here = nameThisProcess();
  const there = holder.process;
  if (!here || !there || here.boot !== there.boot || here.pids !== there.pids) return false;
  try {
    process.kill(there.pid, 0);
  } catch (error) {
    // EPERM is a process of another user
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  try {
    const { state, start } = readStat(there.pid);
    return start !== there.start || state === 'Z' || state === 'X';
  } catch {
    return false;
  }
}
