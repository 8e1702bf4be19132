import type { Emit } from '../../events.ts';
import { quote } from '../../shell.ts';
import { nameOptions, type TypedSetting } from '../roll/roll-settings.ts';
import { prepareRun, type RunOptions } from '../wire/wire-run.ts';
import type { AskingOptions, PlannedCommand } from './planned-run.ts';

/** Of a command that goes from node to node in batches. */
export interface BatchedOptions extends RunOptions, AskingOptions {
  /** Settings that were given by options of their own, not by `--set`. */
  readonly typed?: readonly TypedSetting[];
}

/** What all of them say alike. */
export const sayBatched = (
  inventory: string,
): Pick<PlannedCommand, 'interrupted' | 'stopsGently'> & Required<Pick<PlannedCommand, 'tellPlanned'>> => ({
  interrupted: `hosts finish what they were sent, and nodes may be left cordoned. provision resume goes on, provision undo takes back, provision unlock ${quote(inventory)} lifts cordons.`,
  stopsGently: 'Stopping after the batch in hand; Ctrl-C again stops at once',
  tellPlanned({ oneOffs: settings }, emit) {
    if (settings.length > 0) emit({ type: 'one-off-settings', inventory, settings });
  },
});

/** Reads and checks everything that needs no host; what is typed counts before what `--set` says. Throws ProvisionErrors. */
export async function prepareBatched(
  command: string,
  inventory: string,
  { typed = [], set = [], ...options }: BatchedOptions,
  emit: Emit,
): ReturnType<typeof prepareRun> {
  const all = [...set, ...typed.map((one) => one.set)];
  try {
    return await prepareRun(command, inventory, { ...options, ...(all.length > 0 && { set: all }) }, emit);
  } catch (error) {
    throw nameOptions(error, set.length, typed);
  }
}
