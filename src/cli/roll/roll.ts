import { type BatchedOptions, prepareBatched, sayBatched } from '../run/batched-run.ts';
import { runPlanned } from '../run/planned-run.ts';

/** The command `roll`; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export const roll = (inventory: string, options: BatchedOptions): Promise<number> =>
  runPlanned(options, {
    ...sayBatched(inventory),
    command: 'roll',
    inventory,
    prepare: (emit) => prepareBatched('roll', inventory, options, emit),
    question: 'Roll this out?',
    wouldBe: 'this would be rolled out',
  });
