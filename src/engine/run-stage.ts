import { ProvisionError } from '../errors.ts';
import { splitBatches } from './batch-sizes.ts';
import { guard, reportFailures } from './guard.ts';
import type { Host } from './host.ts';
import { differs, type Entry, type HostPlan } from './planner.ts';
import { tellFailure } from './put-back.ts';
import { checkBudget, rollingBatches } from './rolling.ts';
import { runBatch } from './run-batch.ts';
import type { RunState } from './run-state.ts';
import type { Serial, Stage } from './stage.ts';
import { isStopped, refuseStopped } from './stopped.ts';

type StageStatus = 'ok' | 'changed' | 'failed' | 'stopped';

/** Ready Nodes: a canary, then a quarter of them at a time. */
const carefully: Serial = [1, '25%'];

/** Runs one stage; hosts that failed before are left out, and a failure keeps later batches from starting. */
export async function runStage(stage: Stage, state: RunState): Promise<StageStatus> {
  const { emit } = state.request;
  const hosts = [...state.hosts.values()].filter(
    (host) => !state.failed.has(host.name) && state.planner.hasTasks(host, stage, state.snapshot),
  );
  if (hosts.length === 0) return 'ok';
  emit({ type: 'stage-started', stage: stage.name, hosts: hosts.map((host) => host.name) });
  let status: StageStatus;
  try {
    status = await runBatches(stage, hosts, state);
  } catch (error) {
    reportFailures(error, emit, { stage: stage.name });
    status = isStopped(error) ? 'stopped' : 'failed';
  }
  emit({ type: 'stage-finished', stage: stage.name, status: status === 'stopped' ? 'failed' : status });
  return status;
}

async function runBatches(stage: Stage, hosts: readonly Host[], state: RunState): Promise<StageStatus> {
  const failuresBefore = state.failed.size;
  const batches = batchesOf(stage, await planStage(stage, hosts, state), state);
  let status: StageStatus = 'ok';
  let number = 0;
  for (const batch of batches) {
    if (mustWait(stage, batch, state)) return 'failed';
    const isDue = batch.some(differs);
    if (isDue && stage.rolling) {
      refuseStopped(state);
      state.snapshot = await state.api.snapshot();
      checkBudget(stage, [batch], state);
    }
    if (batches.length > 1 && batch.some(differs)) {
      number += 1;
      state.request.emit({ type: 'batch-started', stage: stage.name, batch: number, hosts: changingHosts(batch) });
    }
    const failure = await runBatch(stage, batch, state).then(
      (changed) => {
        if (changed) status = 'changed';
        return undefined;
      },
      (error: unknown) => ({ error }),
    );
    if (failure && !(stage.rolling && isDue)) throw failure.error;
    if (!failure && state.failed.size === failuresBefore) continue;
    if (stage.rolling && isDue) throw await tellFailure(failure?.error, stage, batch, state, runStage);
    return 'failed';
  }
  return status;
}

export const changingHosts = (batch: readonly HostPlan[]): string[] =>
  batch.filter(differs).map((plan) => plan.host.name);

/** Ready Nodes stay as they are while a host of the stage has failed or was never reached. */
export function mustWait(stage: Stage, batch: readonly HostPlan[], state: RunState): boolean {
  const { rolling, protectReady } = stage;
  const unwell = rolling ? [...state.failed.keys()] : stage.hosts.filter((name) => state.failed.has(name));
  const counts = (plan: HostPlan): boolean => differs(plan) && (rolling !== undefined || isReady(plan, state));
  const ready = batch.filter(counts).map((plan) => plan.host.name);
  if (!(protectReady || rolling) || unwell.length === 0 || ready.length === 0) return false;
  const way = state.request.leavingOut?.(unwell);
  const hint = way === undefined ? '' : `; ${way} leaves the failed ones out`;
  const message = `${ready.join(', ')}: left as it is, for ${unwell.join(', ')} failed and a Ready node is changed only while all others are well${hint}`;
  state.request.emit({ type: 'warning', message });
  return true;
}

const isReady = (plan: HostPlan, state: RunState): boolean =>
  state.snapshot.nodes.some((node) => node.name === plan.host.nodeName && node.ready);

async function planStage(stage: Stage, hosts: readonly Host[], state: RunState): Promise<HostPlan[]> {
  if (state.changed) state.snapshot = await state.api.snapshot();
  const plans = await Promise.all(
    hosts.map((host) =>
      state.limit(() =>
        guard(host, stage, state, async (): Promise<HostPlan> => {
          await state.planner.look(host, [stage], state.snapshot);
          const entries = state.planner.entries(host, stage, state.snapshot);
          refuseUnknown(host, entries);
          return { host, entries, planned: state.planner.plan(host, entries) };
        }),
      ),
    ),
  );
  return plans.filter((plan) => plan !== undefined);
}

/** Throws VALUE_UNKNOWN where a stage is reached and a value has not come about. */
export function refuseUnknown(host: Host, entries: readonly Entry[]): void {
  const unknown = entries.find((entry) => entry.kind === 'unknown');
  if (unknown?.kind !== 'unknown') return;
  throw new ProvisionError({
    code: 'VALUE_UNKNOWN',
    kind: 'operation',
    what: `${host.name}: '${unknown.name}' needs a value that is not there`,
    why: `it is known ${unknown.until}`,
    fix: 'See that this comes about; --tags and --limit may have left out the stage that does it.',
  });
}

/** The batches of a stage, one after another. */
export function batchesOf(stage: Stage, plans: readonly HostPlan[], state: RunState): HostPlan[][] {
  const leader = state.snapshot.leader?.hostname;
  const ordered =
    stage.order === 'leader-last'
      ? plans.toSorted((a, b) => Number(a.host.facts.hostname === leader) - Number(b.host.facts.hostname === leader))
      : [...plans];
  if (stage.rolling && !stage.serial) return rollingBatches(stage.rolling, plans, state);
  if (stage.serial) {
    const changing = ordered.filter(differs);
    return changing.length > 0
      ? [ordered.filter((plan) => !differs(plan)), ...splitBatches(changing, stage.serial)].filter(
          (batch) => batch.length > 0,
        )
      : [ordered];
  }
  if (!stage.protectReady) return [ordered];
  const careful = ordered.filter((plan) => isReady(plan, state) && differs(plan));
  const rest = ordered.filter((plan) => !careful.includes(plan));
  return [rest, ...splitBatches(careful, carefully)].filter((batch) => batch.length > 0);
}
