import type { ToldEvent } from './run-up.ts';
import { type Outcome, type Run, readRun, runCommand } from './run-up.ts';

type TaskPlanned = Omit<Extract<ToldEvent, { readonly type: 'task-planned' }>, 'time'>;

export interface Plan extends Outcome {
  readonly codes: readonly string[];
  readonly events: Run['events'];
  /** Without their times. */
  readonly all: readonly TaskPlanned[];
  /** The hosts of all batches of stages that have several. */
  readonly batches: readonly (readonly string[])[];
  /** The tasks with that status as "host: task". */
  tasks(status: TaskPlanned['status']): readonly string[];
}

/** Runs `plan INVENTORY --output json` and reads its events. */
export async function runPlan(inventory: string, ...options: readonly string[]): Promise<Plan> {
  const { events, ...run } = readRun(await runCommand(['plan', inventory, '--output', 'json', ...options]));
  const all = events.flatMap((event) => {
    if (event.type !== 'task-planned') return [];
    const { time: _, ...planned } = event;
    return [planned];
  });
  return {
    ...run,
    events,
    all,
    batches: events.flatMap((event) =>
      event.type === 'stage-planned' && event.batches.length > 1 ? event.batches : [],
    ),
    tasks: (status) =>
      all.filter((one) => one.status === status).flatMap(({ hosts, task }) => hosts.map((host) => `${host}: ${task}`)),
  };
}
