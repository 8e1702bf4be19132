import type { Stage, Task } from '../../config/playbook.ts';
import type { RunEvent } from '../../events.ts';
import { quote } from '../../shell.ts';

type MarkedStage = Pick<Stage, 'name' | 'rolling'> & { readonly tasks: readonly Pick<Task, 'migrationOnly'>[] };

/** Tells what only a migration does, as its playbook marks it, from what `up` and `roll` do as well. */
export function watchTasks(stages: readonly MarkedStage[]) {
  const tasksOf = (stage: string) => stages.find(({ name }) => name === stage)?.tasks ?? [];
  let isUsual = true;
  return {
    /** The stage in which nodes go, batch after batch. */
    leaving: stages.find(({ rolling, tasks }) => rolling && tasks.some(({ migrationOnly }) => migrationOnly))?.name,
    see(event: RunEvent): void {
      if (event.type !== 'task-planned' || event.status === 'ok' || event.status === 'skipped') return;
      if (tasksOf(event.stage)[event.position - 1]?.migrationOnly) isUsual = false;
    },
    /** Whether all that was planned is of the second kind. */
    areUsual: (): boolean => isUsual,
  };
}

export const whatElse = (inventory: string): string =>
  `nothing above is a migration: ./provision up ${quote(inventory)} is the command for it, or ./provision roll ${quote(inventory)} where nodes have to be drained`;
