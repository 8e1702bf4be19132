import type { Emit } from '../events.ts';
import { quote } from '../shell.ts';
import { type AskingOptions, runPlanned } from './planned-run.ts';
import { nameOptions, type TypedSetting } from './roll-settings.ts';
import { prepareRun, type RunOptions } from './wire/wire-run.ts';

export interface RollOptions extends RunOptions, AskingOptions {
  /** Settings that were given by options of their own, not by `--set`. */
  readonly typed?: readonly TypedSetting[];
}

/** The command `roll`; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export const roll = (inventory: string, options: RollOptions): Promise<number> =>
  runPlanned(options, {
    command: 'roll',
    inventory,
    prepare: (emit) => prepare(inventory, options, emit),
    question: 'Roll this out?',
    wouldBe: 'this would be rolled out',
    interrupted: `hosts finish what they were sent, and nodes may be left cordoned. provision resume goes on, provision undo takes back, provision unlock ${quote(inventory)} lifts cordons.`,
    stopsGently: 'Stopping after the batch in hand; Ctrl-C again stops at once',
    tellPlanned({ oneOffs: settings }, emit) {
      if (settings.length > 0) emit({ type: 'one-off-settings', inventory, settings });
    },
  });

/** What is typed counts before what `--set` says. */
async function prepare(inventory: string, { typed = [], set = [], ...options }: RollOptions, emit: Emit) {
  const all = [...set, ...typed.map((one) => one.set)];
  try {
    return await prepareRun('roll', inventory, { ...options, ...(all.length > 0 && { set: all }) }, emit);
  } catch (error) {
    throw nameOptions(error, set.length, typed);
  }
}
