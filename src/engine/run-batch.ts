import { applyTasks } from './apply.ts';
import { signCertificate } from './authority.ts';
import { openBatch } from './batch.ts';
import { runClusterTask } from './cluster-task.ts';
import { copyFiles } from './copy-files.ts';
import { guard } from './guard.ts';
import type { Host } from './host.ts';
import { differs, type Entry, type HostPlan } from './planner.ts';
import { applyingEntry } from './recorded.ts';
import type { RunState } from './run-state.ts';
import { isClusterTask, type Stage } from './stage.ts';
import { upload } from './upload.ts';

/** Consecutive host tasks travel together; a cluster task waits until every host of the batch has got there. */
export async function runBatch(stage: Stage, batch: readonly HostPlan[], state: RunState): Promise<boolean> {
  let changed = false;
  const alive = () => batch.filter((plan) => !state.failed.has(plan.host.name));
  if (batch.some(differs)) await state.request.lock?.confirm();
  await Promise.all(
    alive().map((plan) => state.limit(() => guard(plan.host, stage, state, () => sendArtifacts(plan, state)))),
  );
  const opened = await openBatch(stage, batch, state);
  const clusterTasks = stage.tasks.flatMap((task, position) => (isClusterTask(task) ? [position] : []));
  let from = 0;
  for (const to of [...clusterTasks, stage.tasks.length]) {
    const ran = await Promise.all(
      alive().map((plan) =>
        state.limit(() => guard(plan.host, stage, state, () => runSegment(stage, plan, from, to, state))),
      ),
    );
    changed = ran.some((one) => one === true) || changed;
    // it is taken back as a whole: nothing more is to be proven of it
    if (stage.rolling && batch.some(differs) && alive().length < batch.length) return changed;
    for (const { entry, hosts } of clusterTasksAt(alive(), to)) {
      changed = (await runClusterTask({ stage, entry, hosts, batch: opened, batchChanged: changed }, state)) || changed;
    }
    from = to + 1;
  }
  return changed;
}

/** The tasks on the cluster at a position of the stage, each with the hosts that want the same of it. */
export function clusterTasksAt(plans: readonly HostPlan[], position: number) {
  const tasks = new Map<string, { readonly entry: Entry & { kind: 'cluster' }; readonly hosts: Host[] }>();
  for (const { host, entries } of plans) {
    for (const entry of entries) {
      if (entry.kind !== 'cluster' || entry.position !== position) continue;
      const key = JSON.stringify([entry.name, entry.desired]);
      const task = tasks.get(key) ?? { entry, hosts: [] as Host[] };
      task.hosts.push(host);
      tasks.set(key, task);
    }
  }
  return [...tasks.values()];
}

/** What a host does from one position of the stage up to and including another. */
async function runSegment(stage: Stage, plan: HostPlan, from: number, to: number, state: RunState): Promise<boolean> {
  const { emit, id, holder, journal, undoes } = state.request;
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
  await state.request.lock?.confirm();
  state.changed = true;
  state.planner.forget(plan.host);
  const later = state.request.stages.slice(state.request.stages.indexOf(stage) + 1);
  const ahead = state.planner.lookingAhead(plan.host, later, state.snapshot);
  journal.record(applyingEntry(plan.host, stage, due, plan.planned));
  await applyTasks(ahead, due, {
    run: id,
    holder,
    stage: stage.name,
    emit,
    remembers: undoes === undefined,
    sign: (asked) => signCertificate(asked, state.request.authority, state.hosts),
    copy: (files) => copyFiles(files, state.hosts, state.request.hide),
  });
  return true;
}

async function sendArtifacts(plan: HostPlan, state: RunState): Promise<void> {
  for (const { task, actual, changes } of plan.planned) {
    if (changes.length === 0) continue;
    for (const artifact of task.operation.artifacts?.(task.desired, actual) ?? []) {
      await state.request.lock?.confirm();
      const { path, sha256 } = artifact;
      state.request.journal.record({ type: 'uploading', host: plan.host.name, artifact: path, sha256 });
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
