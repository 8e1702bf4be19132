import { quote } from '../../shell.ts';
import { type AskingOptions, runPlanned } from '../run/planned-run.ts';
import { prepareReset, type ResetOptions as WiredOptions } from '../wire/wire-reset.ts';

export type ResetOptions = WiredOptions & AskingOptions;

/** The command `reset`; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export const reset = (inventory: string, options: ResetOptions): Promise<number> =>
  runPlanned(options, {
    command: 'reset',
    inventory,
    prepare: (emit) => prepareReset(inventory, options, emit),
    question: `Reset ${options.node}?`,
    wouldBe: `${options.node} would be reset`,
    interrupted: `the host finishes what it was sent, and its Node may be left cordoned. provision resume goes on, provision unlock ${quote(inventory)} lifts cordons.`,
  });
