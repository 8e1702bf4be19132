import type { RunEvent } from '../events.ts';
import type { Paint } from './paint.ts';
import type { TaskPlanned } from './planned-task.ts';
import { commandsOf } from './summary.ts';
import { count, printable } from './words.ts';

type PlanFinished = RunEvent & { readonly type: 'plan-finished' };

/** What a person has to know last: what cannot be taken back, and how much there is to do. */
export function formatPlanEnd(event: PlanFinished, tasks: readonly TaskPlanned[], paint: Paint): string[] {
  const lasting = new Set(
    tasks.flatMap(({ task, irreversible }) => (irreversible === undefined ? [] : [`${task}: ${irreversible}`])),
  );
  return [
    '',
    ...(lasting.size === 0 ? [] : [paint.red('cannot be taken back:')]),
    ...[...lasting].map((line) => `  ${printable(line)}`),
    lastLine(event, tasks, paint),
  ];
}

function lastLine({ status, seconds, hosts }: PlanFinished, tasks: readonly TaskPlanned[], paint: Paint): string {
  const cost = `(${[...commandsOf(hosts), `${seconds.toFixed(1)} s`].join(', ')})`;
  if (status === 'ok') return `${paint.green('ok')}: nothing to do on ${count(hosts.length, 'host')} ${cost}`;
  const changes = hosts.reduce((sum, host) => sum + host.changes, 0);
  const unknown = hosts.reduce((sum, host) => sum + host.unknown, 0);
  const waits = new Set(tasks.filter((task) => task.status === 'wait').map(({ task }) => task)).size;
  const touched = hosts.filter((host) => host.changes + host.unknown > 0).length;
  const todo = [
    ...(changes + unknown > 0 ? [`${count(changes, 'change')} on ${touched} of ${count(hosts.length, 'host')}`] : []),
    ...(unknown > 0 ? [`${count(unknown, 'task')} known later`] : []),
    ...(changes + unknown === 0 && waits > 0 ? [`no changes, ${waits} to wait for`] : []),
  ].join(', ');
  if (status === 'due') return `${paint.yellow('plan')}: ${todo}; nothing was changed ${cost}`;
  return `${paint.red('failed')}: ${todo ? `${todo} as far as it got; ` : ''}nothing was changed ${cost}`;
}
