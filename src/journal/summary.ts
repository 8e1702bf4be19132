import type { TaskRecord } from './entry.ts';
import { hostsToUndo, type IsAlive, type RunStatus, statusOf, undoersOf } from './history.ts';
import { changedHosts, entriesOf, type RecordedRun, tasksBegun } from './recorded-run.ts';

/** A run in a line. */
export interface RunSummary {
  readonly run: string;
  readonly began: string;
  readonly command: string;
  readonly inventory: string;
  readonly status: RunStatus;
  /** Hosts it changed or was about to change. */
  readonly hosts: readonly string[];
  /** Tasks that changed something. */
  readonly changes: number;
  /** Tasks that were sent, and whose end is not known. */
  readonly begun: number;
  /** Hosts on which the run itself took a batch back that had failed. */
  readonly takenBack: readonly string[];
  readonly undoneBy: readonly string[];
  /** Taken back on some hosts and still standing on others. */
  readonly partlyUndone: boolean;
  readonly undoes?: string;
  readonly resumes?: string;
}

export function summarizeRun(run: RecordedRun, runs: readonly RecordedRun[], isAlive: IsAlive): RunSummary {
  const { time, command, inventory, undoes, resumes } = run.begin;
  const undoneBy = undoersOf(run, runs).map((one) => one.id);
  // putting a batch back has stages of its own, and is no change
  const stages = new Set([...entriesOf(run, 'applying'), ...entriesOf(run, 'awaiting')].map(({ stage }) => stage));
  const changes = entriesOf(run, 'applied').filter(({ stage }) => stages.has(stage)).length;
  return {
    run: run.id,
    began: time,
    command,
    inventory,
    status: statusOf(run, isAlive),
    hosts: changedHosts(run),
    changes,
    begun: tasksBegun(run).length - changes,
    takenBack: takenBackBy(run),
    undoneBy,
    partlyUndone: undoneBy.length > 0 && hostsToUndo(run, runs).length > 0,
    ...(undoes !== undefined && { undoes }),
    ...(resumes !== undefined && { resumes }),
  };
}

/** Of a batch those are among them that nothing was sent to yet. */
function takenBackBy(run: RecordedRun): readonly string[] {
  const isBegun = (host: string, stage: string): boolean =>
    entriesOf(run, 'applying').some((one) => one.stage === stage && one.host === host) ||
    entriesOf(run, 'awaiting').some((one) => one.isChange && one.stage === stage && one.hosts.includes(host));
  return [
    ...new Set(entriesOf(run, 'put-back').flatMap(({ stage, hosts }) => hosts.filter((host) => isBegun(host, stage)))),
  ];
}

export interface HostTasks {
  readonly host: string;
  readonly tasks: readonly (Pick<TaskRecord, 'task' | 'changes'> & {
    readonly stage: string;
    /** Whether it is known to have come to its end. */
    readonly applied: boolean;
  })[];
}

/** A run with what it did to each host. */
export interface RunDetails extends RunSummary {
  readonly options: Readonly<Record<string, unknown>>;
  readonly by: { readonly user: string; readonly machine: string; readonly versions: Readonly<Record<string, string>> };
  /** From its beginning to the last thing known of it. */
  readonly seconds: number;
  readonly tasks: readonly HostTasks[];
  readonly failures: readonly { readonly host?: string; readonly code: string; readonly what: string }[];
  readonly irreversible: readonly string[];
}

export function detailRun(run: RecordedRun, runs: readonly RecordedRun[], isAlive: IsAlive): RunDetails {
  const { time, user, machine, versions, options } = run.begin;
  const last = run.entries.at(-1)?.time ?? time;
  const applied = entriesOf(run, 'applied');
  // a Node may have been changed without its host
  const hosts = new Set([...changedHosts(run), ...tasksBegun(run).map((begun) => begun.host)]);
  const tasksOf = (host: string): HostTasks['tasks'] =>
    tasksBegun(run)
      .filter((begun) => begun.host === host)
      .map(({ stage, task: { task, changes } }) => ({
        stage,
        task,
        applied: applied.some((entry) => entry.host === host && entry.stage === stage && entry.task === task),
        changes,
      }));
  return {
    ...summarizeRun(run, runs, isAlive),
    options,
    by: { user, machine, versions },
    seconds: (Date.parse(last) - Date.parse(time)) / 1000,
    tasks: [...hosts].map((host) => ({ host, tasks: tasksOf(host) })),
    failures: entriesOf(run, 'failed').map(({ host, code, what }) => ({ ...(host && { host }), code, what })),
    irreversible: irreversibleIn(run),
  };
}

/** What of a run stays when it is taken back, in a sentence each. */
export function irreversibleIn(run: RecordedRun): readonly string[] {
  const tasks = [
    ...entriesOf(run, 'awaiting').map((entry) => entry.task),
    ...entriesOf(run, 'applying').flatMap((entry) => entry.tasks),
  ];
  return tasks.flatMap(({ irreversible, changes, operation }) => {
    if (irreversible === undefined || operation === 'take_back') return [];
    // waiting for a leader changes nothing that stays
    const subjects = changes.map((change) => change.subject).filter((subject) => subject !== 'controller-manager');
    return subjects.length === 0 ? [] : [`${subjects.join(', ')}: ${irreversible}`];
  });
}
