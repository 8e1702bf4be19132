import { ProvisionError } from '../errors.ts';
import { splitBatches } from './batch.ts';
import { guard, reportFailures } from './guard.ts';
import type { Host } from './host.ts';
import { differs, type HostPlan, runBatch } from './run-batch.ts';
import type { RunState } from './run-state.ts';
import type { Serial, Stage } from './stage.ts';

type StageStatus = 'ok' | 'changed' | 'failed';

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
  let status: StageStatus;
  try {
    status = await runBatches(stage, hosts, state);
  } catch (error) {
    reportFailures(error, emit, { stage: stage.name });
    status = 'failed';
  }
  emit({ type: 'stage-finished', stage: stage.name, status });
  return status;
}

async function runBatches(stage: Stage, hosts: readonly Host[], state: RunState): Promise<StageStatus> {
  const failuresBefore = state.failed.size;
  const batches = batchesOf(stage, await planStage(stage, hosts, state), state);
  let status: StageStatus = 'ok';
  let number = 0;
  for (const batch of batches) {
    if (mustWait(stage, batch, state)) return 'failed';
    if (batches.length > 1 && batch.some(differs)) {
      number += 1;
      const names = batch.filter(differs).map((plan) => plan.host.name);
      state.request.emit({ type: 'batch-started', stage: stage.name, batch: number, hosts: names });
    }
    if (await runBatch(stage, batch, state)) status = 'changed';
    if (state.failed.size > failuresBefore) return 'failed';
  }
  return status;
}

/** Ready Nodes stay as they are while a host of the stage has failed or was never reached. */
function mustWait(stage: Stage, batch: readonly HostPlan[], state: RunState): boolean {
  const unwell = stage.hosts.filter((name) => state.failed.has(name));
  const ready = batch.filter((plan) => differs(plan) && isReady(plan, state)).map((plan) => plan.host.name);
  if (!stage.protectReady || unwell.length === 0 || ready.length === 0) return false;
  const message = `${ready.join(', ')}: left as it is, for ${unwell.join(', ')} failed and a Ready node is changed only while all others are well; --limit '!${unwell.join(',!')}' leaves the failed ones out`;
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
          const unknown = entries.find((entry) => entry.kind === 'unknown');
          if (unknown?.kind === 'unknown') {
            throw new ProvisionError({
              code: 'VALUE_UNKNOWN',
              kind: 'operation',
              what: `${host.name}: '${unknown.name}' needs a value that is not there`,
              why: `it is known ${unknown.until}`,
              fix: 'See that this comes about; --tags and --limit may have left out the stage that does it.',
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
  const careful = ordered.filter((plan) => isReady(plan, state) && differs(plan));
  const rest = ordered.filter((plan) => !careful.includes(plan));
  return [rest, ...splitBatches(careful, carefully)].filter((batch) => batch.length > 0);
}
