import type { ProvisionError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { guard, reportFailures } from './guard.ts';
import type { Host } from './host.ts';
import { planBatch } from './plan-batch.ts';
import { planHosts } from './plan-hosts.ts';
import type { StagePlan } from './planner.ts';
import { reach } from './reach.ts';
import { missedCanary } from './rolling.ts';
import { batchesOf, changingHosts, mustWait, refuseUnknown } from './run-stage.ts';
import type { RunRequest, RunState } from './run-state.ts';
import type { Stage } from './stage.ts';

/** `due` when a run would have something to do. */
export type PlanStatus = 'ok' | 'due' | 'failed';

/** What a run would do, told as events: the same look and the same decisions, stopped before anything is applied. */
export async function planRun(asked: RunRequest): Promise<PlanStatus> {
  const startedAt = performance.now();
  const counts = countTasks();
  const request: RunRequest = {
    ...asked,
    emit(event) {
      counts.see(event);
      asked.emit(event);
    },
  };
  const names = request.hosts.filter((host) => !host.outsideLimit).map((host) => host.name);
  const { id, command, undoes } = request;
  request.emit({ type: 'run-started', run: id, command, hosts: names, ...(undoes !== undefined && { undoes }) });
  const failed = new Map<string, ProvisionError>();
  const hosts = new Map<string, Host>();
  let status: PlanStatus;
  try {
    const isComplete = await planStages(await reach(request, hosts, failed));
    status = !isComplete || failed.size > 0 ? 'failed' : counts.isDue() ? 'due' : 'ok';
  } catch (error) {
    reportFailures(error, request.emit, {});
    status = 'failed';
  } finally {
    for (const host of hosts.values()) host.transport.close();
  }
  const rows = request.hosts
    .map((host) => ({ host: host.name, ...counts.of(host.name) }))
    .filter((row) => names.includes(row.host) || row.changes + row.unknown > 0)
    .map((row) => ({ ...row, commands: hosts.get(row.host)?.transport.counts.commands ?? 0 }));
  const seconds = (performance.now() - startedAt) / 1000;
  request.emit({ type: 'plan-finished', status, seconds, hosts: rows });
  return status;
}

/** False where a run would end before its last stage. */
async function planStages(state: RunState): Promise<boolean> {
  const plans = await planHosts(state);
  if (plans === undefined) return false;
  let isDue = false;
  for (const stage of state.request.stages) {
    const mine = plans.flatMap((stages) => stages.filter((one) => one.stage === stage));
    if (mine.length === 0) continue;
    try {
      const due = await planStage(stage, mine, isDue, state);
      if (due === 'ends') return false;
      isDue ||= due;
    } catch (error) {
      reportFailures(error, state.request.emit, { stage: stage.name });
      return false;
    }
  }
  return true;
}

/** Whether the stage has something to do; `ends` where the run would end within it. */
async function planStage(
  stage: Stage,
  plans: readonly StagePlan[],
  isDueBefore: boolean,
  state: RunState,
): Promise<boolean | 'ends'> {
  const failuresBefore = state.failed.size;
  // with nothing to do before, nothing brings the value about
  if (!isDueBefore)
    for (const { host, entries } of plans) await guard(host, stage, state, async () => refuseUnknown(host, entries));
  if (state.failed.size > failuresBefore) return 'ends';
  const all = batchesOf(stage, plans, state);
  const ends = all.findIndex((batch) => mustWait(stage, batch, state));
  const batches = ends < 0 ? all : all.slice(0, ends);
  const changing = batches.map(changingHosts).filter((names) => names.length > 0);
  const { emit } = state.request;
  const missed = missedCanary(stage, plans, changing);
  if (missed !== undefined) emit({ type: 'warning', message: missed });
  emit({ type: 'stage-planned', stage: stage.name, hosts: plans.map(({ host }) => host.name), batches: changing });
  let number = 0;
  let isDue = false;
  const notDone = new Set<string>();
  for (const batch of batches) {
    const changes = changingHosts(batch).length > 0;
    if (changes) number += 1;
    const planned = await planBatch(stage, batch, changes && changing.length > 1 ? number : undefined, state);
    isDue ||= planned.isDue;
    for (const message of planned.notDone) notDone.add(message);
  }
  for (const message of notDone) emit({ type: 'warning', message });
  return ends < 0 ? isDue : 'ends';
}

/** Counts what each host is planned to do as the events go by. */
function countTasks() {
  const rows = new Map<string, { changes: number; unknown: number }>();
  let isDue = false;
  const of = (host: string) => rows.get(host) ?? { changes: 0, unknown: 0 };
  return {
    of,
    isDue: () => isDue,
    see(event: RunEvent): void {
      if (event.type !== 'task-planned' || event.status === 'ok' || event.status === 'skipped') return;
      isDue = true;
      if (event.status === 'wait') return;
      for (const host of event.hosts) {
        const row = of(host);
        row[event.status === 'change' ? 'changes' : 'unknown'] += 1;
        rows.set(host, row);
      }
    },
  };
}
