import type { Emit } from '../../events.ts';
import { chooseUndo, hostsToUndo, laterOnes, statusOf, stillRunning } from '../../journal/history.ts';
import { listRuns, type RecordedRun } from '../../journal/recorded-run.ts';
import { irreversibleIn } from '../../journal/summary.ts';
import { announce, execute, localTime, type ShowOptions } from '../run/execute-run.ts';
import { isAlive, runsFolder } from '../wire/begin-journal.ts';
import { type UndoOptions, wireUndo } from '../wire/wire-undo.ts';

/** The command `undo`; resolves to its exit code. */
export function undo(id: string | undefined, options: UndoOptions & ShowOptions): Promise<number> {
  return execute(options, async (emit) => {
    const runs = listRuns(runsFolder());
    const run = chooseUndo(runs, id);
    if (statusOf(run, isAlive) === 'running') throw stillRunning(run);
    announce(
      options,
      `Taking back run ${run.id}: ${run.begin.command} ${run.begin.inventory}, ${localTime(run.begin.time)}`,
    );
    const later = laterOnes(run, runs).map((one) => one.id);
    if (later.length > 0)
      emit({
        type: 'warning',
        message: `later than ${run.id} and not taken back: ${later.join(', ')}; what they changed on its files can hardly be taken back after this. The newest first: provision undo`,
      });
    const telling: Emit = (event) => {
      if (event.type === 'run-finished' && event.status !== 'failed')
        for (const message of [
          ...irreversibleIn(run).map((text) => `not taken back: ${text}`),
          ...standing(run, runs),
          ...toSetBack(run),
        ])
          emit({ type: 'warning', message });
      emit(event);
    };
    return wireUndo(run, runs, options, telling);
  });
}

/** A run that was gone on with has changes of its own. */
const standing = ({ begin: { resumes } }: RecordedRun, runs: readonly RecordedRun[]): readonly string[] =>
  runs
    .filter((one) => one.id === resumes && hostsToUndo(one, runs).length > 0)
    .map(({ id }) => `run ${id}, which this one resumed, still stands: provision undo takes it back`);

/** The agent of before is on the hosts again, and the inventory may say the other one still. */
export const toSetBack = ({ begin: { command, inventory } }: RecordedRun): readonly string[] =>
  command === 'network change'
    ? [`${inventory} has to say again what the hosts have now (network.agent, network.backend …), or \`up\` refuses it`]
    : [];
