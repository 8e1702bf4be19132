import { ProvisionError } from '../errors.ts';
import type { ClusterView } from '../operations/cluster-operation.ts';
import { sh } from '../shell.ts';
import { applyTasks } from './apply.ts';
import { splitBatches } from './batch.ts';
import type { Host } from './host.ts';
import type { PlannedTask } from './plan.ts';
import type { Entry } from './planner.ts';
import type { RunState } from './run.ts';
import { isClusterTask, type Serial, type Stage } from './stage.ts';
import { upload } from './upload.ts';

type StageStatus = 'ok' | 'changed' | 'failed';

interface HostPlan {
  readonly host: Host;
  readonly entries: readonly Entry[];
  readonly planned: readonly PlannedTask[];
}

const differs = (plan: HostPlan): boolean => plan.planned.some((task) => task.changes.length > 0);

/** Ready Nodes: a canary, then a quarter of them at a time. */
const carefully: Serial = [1, '25%'];

/** Runs one stage; hosts that failed before are left out, and a failure keeps later batches from starting. */
export async function runStage(stage: Stage, state: RunState): Promise<StageStatus> {
  const { emit } = state.request;
  const hosts = [...state.hosts.values()].filter(
    (host) => state.planner.takesPart(host, stage) && !state.failed.has(host.name),
  );
  if (hosts.length === 0) return 'ok';
  emit({ type: 'stage-started', stage: stage.name, hosts: hosts.map((host) => host.name) });
  const plans = await planStage(stage, hosts, state);
  const failuresBefore = state.failed.size;
  let status: StageStatus = 'ok';
  for (const [index, batch] of batchesOf(stage, plans, state).entries()) {
    if (batch.some(differs)) {
      emit({ type: 'batch-started', stage: stage.name, batch: index + 1, hosts: batch.map((plan) => plan.host.name) });
    }
    const changed = await runBatch(stage, batch, state);
    if (changed) status = 'changed';
    if (state.failed.size > failuresBefore) {
      status = 'failed';
      break;
    }
  }
  emit({ type: 'stage-finished', stage: stage.name, status });
  return status;
}

async function planStage(stage: Stage, hosts: readonly Host[], state: RunState): Promise<HostPlan[]> {
  if (state.changed) state.snapshot = await state.api.snapshot();
  const plans = await Promise.all(
    hosts.map((host) =>
      state.limit(() =>
        guard(host, stage, state, async (): Promise<HostPlan> => {
          await state.planner.look(host, [stage], state.snapshot);
          const entries = state.planner.entries(host, stage, state.snapshot);
          const unknown = entries.find((entry) => entry.kind === 'unknown');
          if (unknown?.kind === 'unknown') {
            throw new ProvisionError({
              code: 'VALUE_UNKNOWN',
              kind: 'operation',
              what: `${host.name}: '${unknown.name}' needs a value that is not there`,
              why: `it is known ${unknown.until}`,
              fix: 'Run without --tags or --limit, so that the stage that brings it about runs first.',
            });
          }
          return { host, entries, planned: state.planner.plan(host, entries) };
        }),
      ),
    ),
  );
  return plans.filter((plan) => plan !== undefined);
}

function batchesOf(stage: Stage, plans: readonly HostPlan[], state: RunState): HostPlan[][] {
  const leader = state.snapshot.leader?.hostname;
  const ordered =
    stage.order === 'leader-last'
      ? plans.toSorted((a, b) => Number(a.host.facts.hostname === leader) - Number(b.host.facts.hostname === leader))
      : [...plans];
  if (stage.serial) {
    const changing = ordered.filter(differs);
    return changing.length > 0
      ? [ordered.filter((plan) => !differs(plan)), ...splitBatches(changing, stage.serial)].filter(
          (batch) => batch.length > 0,
        )
      : [ordered];
  }
  if (!stage.protectReady) return [ordered];
  const ready = new Set(state.snapshot.nodes.filter((node) => node.ready).map((node) => node.name));
  const isReady = (plan: HostPlan): boolean => plan.host.nodeName !== undefined && ready.has(plan.host.nodeName);
  const careful = ordered.filter((plan) => isReady(plan) && differs(plan));
  const rest = ordered.filter((plan) => !careful.includes(plan));
  return [rest, ...splitBatches(careful, carefully)].filter((batch) => batch.length > 0);
}

/** Consecutive host tasks travel together; a cluster task waits until every host of the batch has got there. */
async function runBatch(stage: Stage, batch: readonly HostPlan[], state: RunState): Promise<boolean> {
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
      changed = (await runClusterTask(stage, entry, waiting, state)) || changed;
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

async function runClusterTask(
  stage: Stage,
  entry: Entry & { kind: 'cluster' },
  plans: readonly HostPlan[],
  state: RunState,
): Promise<boolean> {
  const { emit, verify } = state.request;
  const hosts = plans.map((plan) => plan.host);
  const view = (): ClusterView => ({ snapshot: state.snapshot, hosts, changed: state.changed, verify });
  if (state.changed) state.snapshot = await state.api.snapshot();
  const notDone = entry.operation.notDone?.(view(), entry.desired);
  if (notDone !== undefined) emit({ type: 'warning', message: notDone });
  const changes = entry.operation.diff(view(), entry.desired);
  const report = { stage: stage.name, task: entry.name } as const;
  if (changes.length === 0) {
    for (const host of hosts) emit({ type: 'task-finished', ...report, host: host.name, status: 'ok', changes });
    return false;
  }
  for (const host of hosts) emit({ type: 'task-started', ...report, host: host.name });
  const detail = await entry.operation.apply(
    {
      api: state.api,
      async look() {
        await Promise.all(hosts.map((host) => host.trip({ items: [] })));
        state.snapshot = await state.api.snapshot();
        return view();
      },
      async lastLines(name, unit) {
        const script = sh`journalctl -u ${unit} -n 15 --no-pager -o cat 2>/dev/null`.source;
        const answers = await state.hosts
          .get(name)
          ?.trip({ items: [{ id: 'journal', kind: 'probe', timeoutSeconds: 20, source: script }] });
        return answers?.get('journal')?.stdout.trim() ?? '';
      },
      progress: (text) => emit({ type: 'progress', ...report, detail: text }),
    },
    view(),
    entry.desired,
  );
  // while it waited, others may have changed what was seen
  for (const host of hosts) state.planner.forget(host);
  for (const host of hosts) emit({ type: 'task-finished', ...report, host: host.name, status: 'ok', changes, detail });
  return true;
}

/** A host's failure ends that host's part only. */
async function guard<T>(host: Host, stage: Stage, state: RunState, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    state.failed.set(host.name, error);
    state.request.emit({ type: 'failure', host: host.name, stage: stage.name, error });
    return undefined;
  }
}
