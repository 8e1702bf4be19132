import type { RunEvent } from '../events.ts';
import type { DisplayOptions } from './display.ts';
import { groupBy } from './group-by.ts';
import { describeHosts } from './host-names.ts';
import { mergeOrders } from './merge-orders.ts';
import type { Paint } from './paint.ts';
import { formatPlanEnd } from './plan-summary.ts';
import { formatPlannedTask, isDue, type TaskPlanned } from './planned-task.ts';
import { count, printable } from './words.ts';

type StagePlanned = RunEvent & { readonly type: 'stage-planned' };

/** The text of a plan: each stage with its batches, each task once with the hosts it is for. A stage is told when it is complete. */
export function createPlanLines({ verbose }: DisplayOptions, paint: Paint): (event: RunEvent) => string[] {
  const told: TaskPlanned[] = [];
  let stage: StagePlanned | undefined;
  let tasks: TaskPlanned[] = [];

  const flush = (): string[] => {
    const lines = stage ? formatStage(stage, tasks) : [];
    stage = undefined;
    tasks = [];
    return lines;
  };

  const formatStage = ({ stage: name, hosts, batches }: StagePlanned, planned: readonly TaskPlanned[]): string[] => {
    const shown = verbose ? planned : planned.filter(isDue);
    if (shown.length === 0) return [];
    return [
      '',
      paint.bold(`== ${printable(name)}`) + paint.dim(` (${count(hosts.length, 'host')})`),
      ...(batches.length > 1
        ? batches.map((batch, index) => paint.dim(`-- batch ${index + 1}: ${describeHosts(batch, hosts)}`))
        : []),
      ...groupTasks(shown).flatMap((group) => formatPlannedTask(group, { hosts, verbose, paint })),
    ];
  };

  return (event) => {
    if (event.type === 'task-planned') {
      tasks.push(event);
      told.push(event);
      return [];
    }
    const lines = flush();
    if (event.type === 'stage-planned') stage = event;
    if (event.type === 'plan-finished') lines.push(...formatPlanEnd(event, told, paint));
    return lines;
  };
}

/**
 * What is planned of the same task in the same way, in the order of the stage, for a later batch may begin with an earlier task,
 * and of each host, for a loop may make others of a task there.
 */
function groupTasks(tasks: readonly TaskPlanned[]): (readonly TaskPlanned[])[] {
  const keyOf = (task: TaskPlanned): string => JSON.stringify([task.task, task.status, task.until]);
  const inOrder = tasks.toSorted((a, b) => a.position - b.position);
  const groups = groupBy(inOrder, keyOf);
  const byHost = groupBy(
    inOrder.flatMap((task) => task.hosts.map((host) => ({ host, key: keyOf(task) }))),
    ({ host }) => host,
  );
  const lists = [...byHost.values()].map((list) => list.map(({ key }) => key));
  return mergeOrders([...[...groups.keys()].map((key) => [key]), ...lists]).map((key) => groups.get(key) ?? []);
}
