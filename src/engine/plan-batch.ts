import type { PlannedUpload, RunEvent } from '../events.ts';
import type { ClusterView } from '../operations/cluster-operation.ts';
import { type Batch, openBatch, surroundings } from './batch.ts';
import type { PlannedTask } from './plan.ts';
import type { Entry, HostPlan } from './planner.ts';
import { readFurther } from './read-further.ts';
import { clusterTasksAt } from './run-batch.ts';
import type { RunState } from './run-state.ts';
import { isClusterTask, type Stage } from './stage.ts';
import { missingPart } from './upload.ts';

type TaskPlanned = Omit<RunEvent & { readonly type: 'task-planned' }, 'type' | 'stage' | 'batch' | 'position'>;

/** Tells task by task what a batch would do, and whether that is anything; notes in `state.changed` that hosts would change. */
export async function planBatch(
  stage: Stage,
  batch: readonly HostPlan[],
  number: number | undefined,
  state: RunState,
): Promise<{ readonly isDue: boolean; readonly notDone: readonly string[] }> {
  let isDue = false;
  const notDone: string[] = [];
  const uploads = new Map(batch.map((plan) => [plan, new Set<string>()]));
  const tell = (planned: TaskPlanned, index: number): void => {
    const { status } = planned;
    const where = { stage: stage.name, ...(number === undefined ? {} : { batch: number }), position: index + 1 };
    state.request.emit({ type: 'task-planned', ...where, ...planned });
    if (status === 'change' || status === 'unknown') state.changed = true;
    if (status === 'change' || status === 'unknown' || status === 'wait') isDue = true;
  };
  const opened = await openBatch(stage, batch, state);
  for (const [position, task] of stage.tasks.entries()) {
    for (const plan of batch)
      for (const entry of plan.entries.filter((one) => one.position === position && one.kind !== 'cluster'))
        tell(await planEntry(plan, entry, uploads.get(plan) ?? new Set()), position);
    if (!isClusterTask(task)) continue;
    for (const planned of await planClusterTasks(stage, opened, position, isDue, state)) {
      tell(planned, position);
      if (planned.status === 'change' && task.operation.remember) state.foreseesObjects = true;
      if (planned.detail !== undefined) notDone.push(planned.detail);
    }
  }
  return { isDue, notDone };
}

/** What one task would do on one host; `sent` are the artifacts that tasks before it send already. */
async function planEntry({ host, planned }: HostPlan, entry: Entry, sent: Set<string>): Promise<TaskPlanned> {
  const hosts = [host.name];
  if (entry.kind === 'unknown') return { task: entry.name, hosts, status: 'unknown', changes: [], until: entry.until };
  if (entry.kind === 'skipped')
    return { task: entry.name, hosts, status: 'skipped', changes: [], detail: entry.because };
  if (entry.kind === 'cluster') throw new TypeError('a task on the cluster is planned for the whole batch');
  const { task } = entry;
  const own = planned.find((one) => one.task === task);
  if (own === undefined || own.changes.length === 0) return { task: task.name, hosts, status: 'ok', changes: [] };
  const { undo } = task.operation;
  const uploads = (await uploadsOf(own, host)).filter(({ artifact }) => !sent.has(artifact));
  for (const { artifact } of uploads) sent.add(artifact);
  return {
    task: task.name,
    hosts,
    status: 'change',
    changes: own.changes,
    ...(uploads.length > 0 && { uploads }),
    ...('irreversible' in undo && { irreversible: undo.irreversible }),
  };
}

async function uploadsOf({ task, actual }: PlannedTask, host: HostPlan['host']): Promise<readonly PlannedUpload[]> {
  const uploads: PlannedUpload[] = [];
  for (const artifact of task.operation.artifacts?.(task.desired, actual) ?? []) {
    const missing = await missingPart(host, artifact);
    if (missing) uploads.push({ artifact: artifact.path, bytes: missing.size - missing.offset });
  }
  return uploads;
}

/** What the hosts of a batch would wait for when they have got to a task on the cluster. */
async function planClusterTasks(
  stage: Stage,
  batch: Batch,
  position: number,
  batchChanged: boolean,
  state: RunState,
): Promise<readonly TaskPlanned[]> {
  return Promise.all(
    clusterTasksAt(batch.plans, position).map(
      async ({ entry: { name, operation, desired }, hosts }): Promise<TaskPlanned> => {
        const { changed, snapshot, request } = state;
        const further = await readFurther(operation, desired, hosts, state);
        const around = surroundings(hosts, stage, batch, state);
        const view: ClusterView = { snapshot, ...further, ...around, changed, batchChanged, verify: request.verify };
        const planned = { task: name, hosts: hosts.map((host) => host.name) };
        const notDone = operation.notDone?.(view, desired);
        if (notDone !== undefined) return { ...planned, status: 'skipped', changes: [], detail: notDone };
        const own = operation.diff(view, desired);
        const changes = [...(operation.foresee?.(view, desired) ?? []), ...own];
        if (changes.length === 0) return { ...planned, status: 'ok', changes };
        const status = operation.countsAsChange ? 'change' : 'wait';
        const { irreversible } = operation;
        return { ...planned, status, changes, ...(own.length > 0 && irreversible && { irreversible }) };
      },
    ),
  );
}
