import type { Change, Emit } from '../events.ts';
import type { JournalEntry, LaterWish, ObjectRecord, TaskRecord } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { ClusterSnapshot } from '../kubernetes/cluster/cluster.ts';
import type { ClusterOperation } from '../operations/cluster-operation.ts';
import type { Host } from './host.ts';
import type { PlannedTask } from './plan.ts';
import type { Stage } from './stage.ts';

/** Events as before; those that tell how things ended go into the journal first. */
export const recording =
  (emit: Emit, journal: Journal): Emit =>
  (event) => {
    if (event.type === 'task-finished' && event.status === 'changed')
      journal.record({
        type: 'applied',
        host: event.host,
        stage: event.stage,
        task: event.task,
        ...(event.output !== undefined && { output: event.output }),
      });
    if (event.type === 'failure') {
      const { host, stage, error } = event;
      journal.record({
        type: 'failed',
        ...(host && { host }),
        ...(stage && { stage }),
        code: error.code,
        what: error.what,
      });
    }
    if (event.type === 'run-finished')
      journal.record({ type: 'finished', status: event.status, seconds: event.seconds });
    emit(event);
  };

export function nodesEntry(hosts: readonly Host[], snapshot: ClusterSnapshot): JournalEntry {
  return {
    type: 'nodes',
    nodes: snapshot.nodes.map(({ name, ready, podCidr, cordon }) => {
      const host = hosts.find((one) => one.nodeName === name)?.name;
      return {
        name,
        ready,
        ...(host !== undefined && { host }),
        ...(podCidr && { podCidr }),
        ...(cordon && { cordonedBy: cordon.run }),
      };
    }),
  };
}

const wordsOnly = (changes: readonly Change[]) => changes.map(({ subject, action }) => ({ subject, action }));

/** What is about to be done to a host, and what undo will want of the services of this stage, changed or not. */
export function applyingEntry(
  host: Host,
  stage: Stage,
  due: readonly PlannedTask[],
  all: readonly PlannedTask[],
): JournalEntry {
  return {
    type: 'applying',
    host: host.name,
    stage: stage.name,
    ...(stage.serial && { serial: stage.serial }),
    ...(stage.order && { order: stage.order }),
    // taken back, they are gone through with the same care
    protectReady: stage.protectReady || (stage.rolling !== undefined && stage.serial === undefined),
    tasks: due.map(({ task, actual, changes }): TaskRecord => {
      const { name, undo, writes } = task.operation;
      return {
        task: task.name,
        operation: name,
        changes: wordsOnly(changes),
        writes: writes?.(task.desired, actual) ?? [],
        ...('irreversible' in undo && { irreversible: undo.irreversible }),
      };
    }),
    afterUndo: all.flatMap(({ task, actual }): LaterWish[] => {
      const desired = task.operation.afterUndo?.(actual, task.desired);
      return desired === undefined ? [] : [{ task: task.name, operation: task.operation.name, desired }];
    }),
  };
}

export const awaitingEntry = (
  stage: Stage,
  task: { readonly name: string; readonly operation: ClusterOperation },
  hosts: readonly Host[],
  changes: readonly Change[],
  objects: readonly ObjectRecord[],
): JournalEntry => ({
  type: 'awaiting',
  isChange: task.operation.countsAsChange ?? false,
  stage: stage.name,
  hosts: hosts.map((host) => host.name),
  task: {
    task: task.name,
    operation: task.operation.name,
    changes: wordsOnly(changes),
    writes: [],
    ...(task.operation.irreversible && { irreversible: task.operation.irreversible }),
  },
  ...(objects.length > 0 && { objects }),
});
