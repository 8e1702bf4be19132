import type { Emit } from '../../events.ts';
import { announce, type ShowOptions } from '../run/execute-run.ts';
import { showPlan } from '../run/planned-run.ts';
import { sameCommand } from '../up/plan.ts';
import { prepareUndo, type UndoOptions } from '../wire/wire-undo.ts';
import { chooseStanding, describeRun, tellingWhatStays, warnOfLater } from './undo.ts';

/** The command `undo --plan`: what an undo would take back; resolves to the exit code of a plan. */
export async function planUndo(id: string | undefined, options: UndoOptions & ShowOptions): Promise<number> {
  let named: readonly string[] = [];
  const { exitCode } = await showPlan(
    { ...options, plan: true },
    {
      command: 'undo',
      async prepare(emit) {
        const { run, runs } = chooseStanding(id);
        // a later run would be the newest then
        if (id === undefined) named = [run.id];
        announce(options, `To be taken back: ${describeRun(run)}`);
        warnOfLater(run, runs, emit);
        const prepared = await prepareUndo(run, runs, options);
        return {
          ...prepared,
          begin: (show: Emit) => prepared.begin(withoutReasons(tellingWhatStays(run, runs, show, 'then'))),
        };
      },
      doIt: () => sameCommand('undo', ['--plan'], named),
    },
  );
  return exitCode;
}

/** No undo can be taken back, whatever it takes back: only what stays of the run itself is worth a word. */
const withoutReasons =
  (emit: Emit): Emit =>
  (event) => {
    if (event.type !== 'task-planned') return emit(event);
    const { irreversible: _, ...planned } = event;
    emit(planned);
  };
