import { applyTasks } from './apply.ts';
import { runClusterTask } from './cluster-task.ts';
import { guard } from './guard.ts';
import type { Host } from './host.ts';
import type { PlannedTask } from './plan.ts';
import type { Entry } from './planner.ts';
import type { RunState } from './run-state.ts';
import { isClusterTask, type Stage } from './stage.ts';
import { upload } from './upload.ts';

/** What a stage means for one host. */
export interface HostPlan {
  readonly host: Host;
  readonly entries: readonly Entry[];
  readonly planned: readonly PlannedTask[];
}

export const differs = (plan: HostPlan): boolean => plan.planned.some((task) => task.changes.length > 0);

/** Consecutive host tasks travel together; a cluster task waits until every host of the batch has got there. */
export async function runBatch(stage: Stage, batch: readonly HostPlan[], state: RunState): Promise<boolean> {
  let changed = false;
  const alive = () => batch.filter((plan) => !state.failed.has(plan.host.name));
  await Promise.all(
    alive().map((plan) => state.limit(() => guard(plan.host, stage, state, () => sendArtifacts(plan, state)))),
  );
  const clusterTasks = stage.tasks.flatMap((task, position) => (isClusterTask(task) ? [position] : []));
  let from = 0;
  for (const to of [...clusterTasks, stage.tasks.length]) {
    const ran = await Promise.all(
      alive().map((plan) =>
        state.limit(() => guard(plan.host, stage, state, () => runSegment(stage, plan, from, to, state))),
      ),
    );
    changed = ran.some((one) => one === true) || changed;
    const waiting = alive().filter((plan) => clusterEntries(plan, to).length > 0);
    for (const entry of waiting[0] ? clusterEntries(waiting[0], to) : []) {
      changed =
        (await runClusterTask(
          { stage, entry, hosts: waiting.map((plan) => plan.host), batchChanged: changed },
          state,
        )) || changed;
    }
    from = to + 1;
  }
  return changed;
}

const clusterEntries = (plan: HostPlan, position: number) =>
  plan.entries.flatMap((entry) => (entry.kind === 'cluster' && entry.position === position ? [entry] : []));

/** What a host does from one position of the stage up to and including another. */
async function runSegment(stage: Stage, plan: HostPlan, from: number, to: number, state: RunState): Promise<boolean> {
  const { emit, id, holder } = state.request;
  const host = plan.host.name;
  const entries = plan.entries.filter((entry) => entry.position >= from && entry.position <= to);
  const tasks = entries.flatMap((entry) => (entry.kind === 'host' ? [entry.task] : []));
  const planned = plan.planned.filter((one) => tasks.includes(one.task));
  for (const entry of entries) {
    if (entry.kind === 'skipped') {
      emit({
        type: 'task-finished',
        stage: stage.name,
        host,
        task: entry.name,
        status: 'skipped',
        changes: [],
        detail: entry.because,
      });
    }
  }
  for (const { task } of planned.filter((one) => one.changes.length === 0)) {
    emit({ type: 'task-finished', stage: stage.name, host, task: task.name, status: 'ok', changes: [] });
  }
  const due = planned.filter((one) => one.changes.length > 0);
  if (due.length === 0) return false;
  state.changed = true;
  state.planner.forget(plan.host);
  const later = state.request.stages.slice(state.request.stages.indexOf(stage) + 1);
  const ahead = state.planner.lookingAhead(plan.host, later, state.snapshot);
  await applyTasks(ahead, due, { run: id, holder, stage: stage.name, emit });
  return true;
}

async function sendArtifacts(plan: HostPlan, state: RunState): Promise<void> {
  for (const { task, actual, changes } of plan.planned) {
    if (changes.length === 0) continue;
    for (const artifact of task.operation.artifacts?.(task.desired, actual) ?? []) {
      await upload(plan.host, artifact, (sentBytes, totalBytes) =>
        state.request.emit({
          type: 'upload-progress',
          host: plan.host.name,
          artifact: artifact.path,
          sentBytes,
          totalBytes,
        }),
      );
    }
  }
}
