import type { Change } from '../../src/events.ts';
import type { ToldEvent } from './run-up.ts';

interface Told {
  readonly stage: string;
  readonly host: string;
  readonly task: string;
  readonly changes: readonly Change[];
}

/**
 * What a plan would change, or what a run has changed: `stage · host: task: subject: action, …`, in the order of the stages,
 * and within one in that of the hosts' names.
 */
export function tasksTold(events: readonly ToldEvent[]): readonly string[] {
  const told = events.flatMap((event): Told[] => {
    if (event.type === 'task-planned' && event.status === 'change')
      return event.hosts.map((host) => ({ host, stage: event.stage, task: event.task, changes: event.changes }));
    return event.type === 'task-finished' && event.status === 'changed' ? [event] : [];
  });
  const stages = [...new Set(told.map(({ stage }) => stage))];
  return stages.flatMap((stage) => {
    const mine = told.filter((one) => one.stage === stage);
    const hosts = [...new Set(mine.map(({ host }) => host))].toSorted();
    return hosts.flatMap((host) =>
      mine
        .filter((one) => one.host === host)
        .map(({ task, changes }) => `${stage} · ${host}: ${task}: ${changes.map(inWords).join(', ')}`),
    );
  });
}

const inWords = ({ subject, action }: Change): string => `${subject}: ${action}`;
