import type { Emit } from '../../events.ts';
import { chooseUndo, hostsToUndo, laterOnes, noRuns, statusOf, stillRunning } from '../../journal/history.ts';
import { listRuns, type RecordedRun } from '../../journal/recorded-run.ts';
import { irreversibleIn } from '../../journal/summary.ts';
import { announce, execute, localTime, type ShowOptions } from '../run/execute-run.ts';
import { isAlive, runsFolder } from '../wire/begin-journal.ts';
import { type UndoOptions, wireUndo } from '../wire/wire-undo.ts';

/** The command `undo`; resolves to its exit code. */
export function undo(id: string | undefined, options: UndoOptions & ShowOptions): Promise<number> {
  return execute(options, async (emit) => {
    const { run, runs } = chooseStanding(id);
    announce(options, `Taking back ${describeRun(run)}`);
    warnOfLater(run, runs, emit);
    return wireUndo(run, runs, options, tellingWhatStays(run, runs, emit, 'now'));
  });
}

/** The run to take back, among those of this folder. Throws RUN_NOT_FOUND, NOTHING_TO_UNDO, RUN_ACTIVE. */
export function chooseStanding(id: string | undefined) {
  const folder = runsFolder();
  const runs = listRuns(folder);
  if (runs.length === 0) throw noRuns(folder, id);
  const run = chooseUndo(runs, id);
  if (statusOf(run, isAlive) === 'running') throw stillRunning(run);
  return { run, runs };
}

export const describeRun = ({ id, begin: { command, inventory, time } }: RecordedRun): string =>
  `run ${id}: ${command} ${inventory}, ${localTime(time)}`;

export function warnOfLater(run: RecordedRun, runs: readonly RecordedRun[], emit: Emit): void {
  const later = laterOnes(run, runs).map((one) => one.id);
  if (later.length > 0)
    emit({
      type: 'warning',
      message: `later than ${run.id} and not taken back: ${later.join(', ')}; what they changed on its files can hardly be taken back after this. The newest first: provision undo`,
    });
}

/** Events as before; what stays although the run is taken back is said ahead of the last one. */
export const tellingWhatStays =
  (run: RecordedRun, runs: readonly RecordedRun[], emit: Emit, when: 'now' | 'then'): Emit =>
  (event) => {
    const isEnd = event.type === 'run-finished' || event.type === 'plan-finished';
    if (isEnd && event.status !== 'failed')
      for (const message of [
        ...irreversibleIn(run).map((text) => `not taken back: ${text}`),
        ...standing(run, runs),
        ...toSetBack(run, when),
      ])
        emit({ type: 'warning', message });
    emit(event);
  };

/** A run that was gone on with has changes of its own. */
const standing = ({ begin: { resumes } }: RecordedRun, runs: readonly RecordedRun[]): readonly string[] =>
  runs
    .filter((one) => one.id === resumes && hostsToUndo(one, runs).length > 0)
    .map(({ id }) => `run ${id}, which this one resumed, still stands: provision undo takes it back`);

/** The agent of before is on the hosts again, and the inventory may say the other one still. */
export const toSetBack = (
  { begin: { command, inventory } }: RecordedRun,
  when: 'now' | 'then' = 'now',
): readonly string[] =>
  command === 'network change'
    ? [
        `${inventory} has to say again what the hosts have ${when} (network.agent, network.backend …), or \`up\` refuses it`,
      ]
    : [];
