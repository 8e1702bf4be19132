import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { HostTarget } from '../../engine/host.ts';
import { type Journal, openJournal } from '../../journal/journal.ts';
import type { RecordedRun } from '../../journal/recorded-run.ts';
import { secrets } from '../login/secrets.ts';
import { version } from '../version.ts';
import { describeThisRun, hasEnded } from './this-process.ts';

export const runsFolder = (): string => join(process.cwd(), '.provision/runs');

/** Beside the runs. */
export const nodesFolder = (): string => join(process.cwd(), '.provision/nodes');

export interface Beginning {
  readonly id: string;
  readonly command: string;
  readonly inventory: string;
  /** What is needed to begin it again. */
  readonly options: object;
  readonly hosts: readonly HostTarget[];
  readonly undoes?: string | undefined;
  readonly resumes?: string | undefined;
  readonly resets?: string | undefined;
}

/** Opens the journal of a run with its first entry. */
export function beginJournal({ id, command, inventory, options, hosts, undoes, resumes, resets }: Beginning): Journal {
  const journal = openJournal(runsFolder(), id, secrets.redact);
  const { user, machine, process: named } = describeThisRun(command, id, new Date());
  journal.record({
    type: 'run',
    version: 1,
    run: id,
    command,
    inventory: resolve(inventory),
    inventorySha256: digestOf(inventory),
    options: Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'output' && name !== 'verbose')),
    hosts: hosts.map(({ name, address }) => ({ name, address })),
    user,
    machine,
    ...(named && { process: named }),
    versions: { provision: version, node: process.versions.node },
    ...(undoes !== undefined && { undoes }),
    ...(resumes !== undefined && { resumes }),
    ...(resets !== undefined && { resets }),
  });
  return journal;
}

export const digestOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Whether the process of a run still lives, as far as this machine can tell. */
export function isAlive({ begin }: RecordedRun): boolean {
  const here = describeThisRun('', '', new Date()).process;
  const { user, machine, command, run, time, process: there } = begin;
  if (!here || !there || here.boot !== there.boot || here.pids !== there.pids) return false;
  return !hasEnded({ user, machine, command, run, since: time, process: there });
}
