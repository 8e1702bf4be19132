import { ProvisionError } from '../errors.ts';
import { changedHosts, entriesOf, type RecordedRun } from './recorded-run.ts';

export type RunStatus = 'ok' | 'changed' | 'failed' | 'stopped' | 'unfinished' | 'running';

/** Whether the process that a run was still lives on this machine. */
export type IsAlive = (run: RecordedRun) => boolean;

export function statusOf(run: RecordedRun, isAlive: IsAlive): RunStatus {
  const [end] = entriesOf(run, 'finished');
  if (end) return end.status;
  return isAlive(run) ? 'running' : 'unfinished';
}

const isDone = (run: RecordedRun): boolean =>
  entriesOf(run, 'finished').some((end) => end.status === 'ok' || end.status === 'changed');

/** The hosts on which a run took another one back. */
function hostsUndone(run: RecordedRun, by: RecordedRun, runs: readonly RecordedRun[]): readonly string[] {
  if (!isDone(by)) return [];
  if (by.begin.undoes === run.id) return by.begin.hosts.map((host) => host.name);
  const { resets } = by.begin;
  return resets !== undefined && runs.indexOf(by) > runs.indexOf(run) && changedHosts(run).includes(resets)
    ? [resets]
    : [];
}

/** Runs that took this one back, at least on some hosts. */
export const undoersOf = (run: RecordedRun, runs: readonly RecordedRun[]): readonly RecordedRun[] =>
  runs.filter((one) => one !== run && hostsUndone(run, one, runs).length > 0);

/** Hosts on which a run was not taken back yet; a reset itself is taken back nowhere. */
export function hostsToUndo(run: RecordedRun, runs: readonly RecordedRun[]): readonly string[] {
  if (run.begin.resets !== undefined) return [];
  const done = new Set(runs.flatMap((one) => hostsUndone(run, one, runs)));
  return changedHosts(run).filter((host) => !done.has(host));
}

/** Later runs that stand on a host of this one: files that both changed are as the later one left them. */
export function laterOnes(run: RecordedRun, runs: readonly RecordedRun[]): readonly RecordedRun[] {
  const addressesOf = (one: RecordedRun): readonly string[] => {
    const standing = hostsToUndo(one, runs);
    return one.begin.hosts
      .filter(({ name }) => standing.includes(name))
      .map(({ name, address }) => `${name} ${address}`);
  };
  const own = addressesOf(run);
  return runs
    .slice(runs.indexOf(run) + 1)
    .filter((one) => one.begin.undoes === undefined && addressesOf(one).some((address) => own.includes(address)));
}

/** The one run whose id begins like that. Throws RUN_NOT_FOUND. */
export function findRun(runs: readonly RecordedRun[], id: string): RecordedRun {
  const exact = runs.find((run) => run.id === id);
  const found = exact ? [exact] : runs.filter((run) => run.id.startsWith(id));
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new ProvisionError({
    code: 'RUN_NOT_FOUND',
    kind: 'usage',
    what: only ? `${found.length} runs begin with ${id}` : `no run begins with ${id}`,
    ...(only && { why: found.map((run) => run.id).join('\n') }),
    fix: only
      ? 'Write more of the name, so that only one run begins with it.'
      : 'provision history lists the runs of this folder.',
  });
}

/** Says that no run was begun where its journal was looked for; `id` is the one that was asked for. */
export const noRuns = (runsFolder: string, id: string | undefined): ProvisionError =>
  new ProvisionError({
    code: id === undefined ? 'NOTHING_TO_UNDO' : 'RUN_NOT_FOUND',
    kind: 'usage',
    what: 'there was no run in this folder yet',
    why: `looked in ${runsFolder}`,
    fix: 'Go to the folder in which the run was begun: its journal is below it, in .provision/runs.',
  });

/** The run to take back: that one, or the newest that changed something and still stands. Throws RUN_NOT_FOUND, NOTHING_TO_UNDO. */
export function chooseUndo(runs: readonly RecordedRun[], id: string | undefined): RecordedRun {
  if (id === undefined) {
    const newest = runs.findLast((run) => run.begin.undoes === undefined && hostsToUndo(run, runs).length > 0);
    if (newest) return newest;
    throw nothingToUndo(
      'no run of this folder changed anything that still stands',
      'provision history lists the runs.',
    );
  }
  const run = findRun(runs, id);
  const first = run.begin.undoes === undefined ? run : runs.find(({ id }) => id === run.begin.undoes);
  const again = `To bring it about again: provision ${first?.begin.command ?? 'up'} ${run.begin.inventory}`;
  if (run.begin.undoes !== undefined) throw nothingToUndo(`${run.id} is itself the undo of ${run.begin.undoes}`, again);
  if (run.begin.resets !== undefined)
    throw nothingToUndo(
      `${run.id} has itself taken back all runs on ${run.begin.resets}`,
      `To bring it about again: provision up ${run.begin.inventory}`,
    );
  if (changedHosts(run).length === 0)
    throw nothingToUndo(`run ${run.id} changed no host`, 'provision history lists what runs changed.');
  if (hostsToUndo(run, runs).length > 0) return run;
  const by = undoersOf(run, runs).map((one) => one.id);
  throw nothingToUndo(`run ${run.id} was taken back already, by ${by.join(', ')}`, again);
}

/** The newest run, if it did not end well. Throws NOTHING_TO_RESUME and RUN_ACTIVE. */
export function chooseResume(runs: readonly RecordedRun[], isAlive: IsAlive): RecordedRun {
  const newest = runs.at(-1);
  const status = newest && statusOf(newest, isAlive);
  if (newest && (status === 'failed' || status === 'stopped' || status === 'unfinished')) return newest;
  if (newest && status === 'running') throw stillRunning(newest);
  throw new ProvisionError({
    code: 'NOTHING_TO_RESUME',
    kind: 'usage',
    what: newest ? `the last run, ${newest.id}, came to its end` : 'there was no run in this folder yet',
    fix: 'provision up INVENTORY or provision roll INVENTORY starts a new one.',
  });
}

/** Says that a run goes on at this moment. */
export const stillRunning = ({ id, begin }: RecordedRun): ProvisionError =>
  new ProvisionError({
    code: 'RUN_ACTIVE',
    kind: 'usage',
    what: `run ${id} is still going on`,
    why: `${begin.command} of ${begin.user}, process ${begin.process?.pid ?? 'unknown'}, since ${begin.time}`,
    fix: 'Wait until it has ended, or end it with Ctrl-C.',
  });

const nothingToUndo = (what: string, fix: string): ProvisionError =>
  new ProvisionError({ code: 'NOTHING_TO_UNDO', kind: 'usage', what, fix });
