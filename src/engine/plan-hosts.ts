import type { Emit } from '../events.ts';
import { surroundings } from './batch.ts';
import { guard } from './guard.ts';
import type { Host } from './host.ts';
import { differs, type StagePlan } from './planner.ts';
import { readFurther } from './read-further.ts';
import { checkBudget } from './rolling.ts';
import { clusterTasksAt } from './run-batch.ts';
import { batchesOf } from './run-stage.ts';
import type { RunState } from './run-state.ts';

/**
 * Looks at all hosts and plans all stages of each; undefined when something forbids a change on one of them,
 * so that nothing is written on any.
 */
export async function planHosts(state: RunState): Promise<readonly (readonly StagePlan[])[] | undefined> {
  const { request, planner, failed, limit } = state;
  const hosts = [...state.hosts.values()];
  await Promise.all(
    hosts.map((host) =>
      limit(() =>
        guard(host, undefined, state, async () => {
          if (request.lock) await waitForOthers(host, request.emit);
          await planner.look(host, request.stages, state.snapshot);
        }),
      ),
    ),
  );
  const looked = failed.size;
  const plans: (readonly StagePlan[])[] = [];
  for (const host of hosts.filter((one) => !failed.has(one.name))) {
    const planned = await guard(host, undefined, state, async () =>
      planner.planAll(host, request.stages, state.snapshot),
    );
    if (!planned) continue;
    plans.push(planned);
    for (const message of planned.flatMap(warningsOf)) request.emit({ type: 'warning', host: host.name, message });
  }
  if (failed.size > looked) return undefined;
  state.isDue = plans.flat().some(differs);
  await refuseEarly(plans, state);
  for (const stage of request.stages) {
    const mine = plans.flatMap((stages) => stages.filter((one) => one.stage === stage));
    if (stage.rolling && mine.length > 0) checkBudget(stage, batchesOf(stage, mine, state), state);
  }
  return plans;
}

/** Throws what forbids a task on the cluster. */
async function refuseEarly(plans: readonly (readonly StagePlan[])[], state: RunState): Promise<void> {
  const { request, snapshot, changed } = state;
  for (const stage of request.stages) {
    const mine = plans.flatMap((stages) => stages.filter((one) => one.stage === stage));
    for (const position of stage.tasks.keys()) {
      for (const { entry, hosts } of clusterTasksAt(mine, position)) {
        const { refuse } = entry.operation;
        if (!refuse) continue;
        const further = await readFurther(entry.operation, entry.desired, hosts, state);
        const around = surroundings(hosts, stage, { plans: mine, podsBefore: undefined }, state);
        const view = { snapshot, ...further, ...around, changed, batchChanged: false, verify: request.verify };
        refuse(view, entry.desired);
      }
    }
  }
}

/** What a host was sent by a run that has died goes on to its end: only then it can be said what is left to do. */
async function waitForOthers(host: Host, emit: Emit): Promise<void> {
  if (host.busyWith === undefined) return;
  const message = `still does what it was sent by ${host.busyWith}; this run goes on when that is done`;
  emit({ type: 'warning', host: host.name, message });
  await host.trip({ items: [], afterOthers: true });
}

const warningsOf = ({ planned }: StagePlan): readonly string[] =>
  planned.flatMap(({ task, actual }) => task.operation.warnings?.(actual, task.desired) ?? []);
