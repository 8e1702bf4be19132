import { ProvisionError } from '../errors.ts';
import type { JournalEntry } from '../journal/entry.ts';
import { cordonNode, uncordonNode } from '../operations/cluster/cordon.ts';
import { nodeReady } from '../operations/cluster/node-ready.ts';
import { findOperation } from '../operations/registry.ts';
import { reportFailures } from './guard.ts';
import { differs, type HostPlan, Planner } from './planner.ts';
import { rollStopped } from './roll-stopped.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';
import { undoStages } from './undo-stages.ts';

type RunStage = (stage: Stage, state: RunState) => Promise<'ok' | 'changed' | 'failed' | 'stopped'>;

/** Takes a failed batch of a rolling stage back, and gives the error that tells of it. */
async function putBack(
  stage: Stage,
  batch: readonly HostPlan[],
  state: RunState,
  runStage: RunStage,
): Promise<ProvisionError> {
  const begun = batch.filter(differs);
  const kept = stage.rolling?.keepFailed ? await keepFailed(stage, begun, state) : [];
  const stuck: string[] = [];
  for (const { host } of begun.filter((plan) => !kept.includes(plan.host.name)))
    if (state.failed.has(host.name)) {
      await host.reconnect().then(
        () => state.failed.delete(host.name),
        () => stuck.push(host.name),
      );
    }
  const toPutBack = begun.filter(({ host: { name } }) => !kept.includes(name) && !stuck.includes(name));
  const takenBack = await takeBack(stage, toPutBack, state, runStage);
  stuck.push(...takenBack.stuck);
  // also of those that nobody reaches: a cordon needs no host
  for (const { host } of begun)
    if (host.nodeName !== undefined && !kept.includes(host.name)) await uncordonNode(state.api, host.nodeName);
  const back = toPutBack.map(({ host }) => host.name).filter((name) => !stuck.includes(name));
  state.request.journal.record({ type: 'put-back', stage: stage.name, hosts: back });
  state.request.emit({ type: 'taken-back', stage: stage.name, hosts: back, by: takenBack.by });
  return rollStopped(stage, batch, { back, kept, stuck }, state);
}

/** Cordons the nodes that failed and leaves them as they are; where none can be told from the others, all of the batch. */
async function keepFailed(stage: Stage, begun: readonly HostPlan[], state: RunState): Promise<readonly string[]> {
  const { nodes } = await state.api.snapshot();
  const hasFailed = ({ host }: HostPlan): boolean =>
    state.failed.has(host.name) || nodes.some((node) => node.name === host.nodeName && !node.ready);
  const failed = begun.some(hasFailed) ? begun.filter(hasFailed) : begun;
  const hosts = failed.map(({ host }) => host.name);
  state.request.journal.record({ type: 'keeping', stage: stage.name, hosts });
  for (const { host } of failed)
    if (host.nodeName !== undefined)
      await cordonNode(state.api, host.nodeName, { run: state.request.id, wasCordoned: false, isKept: true });
  return hosts;
}

/** The hosts that do not get back to what they were, and the stages that others got back by. */
async function takeBack(
  stage: Stage,
  plans: readonly HostPlan[],
  state: RunState,
  runStage: RunStage,
): Promise<{ readonly stuck: readonly string[]; readonly by: readonly string[] }> {
  const hosts = plans.map(({ host }) => host.name);
  const { id, journal } = state.request;
  const stages = undoStages({
    run: { id, entries: state.entries.filter((entry) => isOf(entry, stage.name, hosts)) },
    hosts,
    isWhole: true,
    force: false,
    findOperation,
    gate: (host) => gateOf(plans.find((plan) => plan.host.name === host)),
    atOnce: true,
  });
  if (stages.length === 0) return { stuck: [], by: [] };
  const by = stages.map(({ name }) => name);
  journal.record({ type: 'putting-back', stage: stage.name, hosts });
  for (const { host } of plans) state.planner.forget(host);
  // what it does is undone with the run itself: nothing of it is to be remembered
  const request = { ...state.request, stages, undoes: id, journal: { record() {} } };
  const planner = new Planner({ agentUnit: request.agentUnit, scope: (host) => ({ host: host.name }) });
  const undoing: RunState = { ...state, request, planner, changed: true };
  for (const one of stages) {
    const failuresBefore = state.failed.size;
    // one host's failure keeps no other one from going on; one of the cluster is everybody's
    if ((await runStage(one, undoing)) === 'failed' && state.failed.size === failuresBefore)
      return { stuck: hosts, by };
  }
  return { stuck: hosts.filter((host) => state.failed.has(host)), by };
}

const isOf = (entry: JournalEntry, stage: string, hosts: readonly string[]): boolean => {
  if (entry.type === 'nodes') return true;
  if (entry.type === 'applying' || entry.type === 'applied') return entry.stage === stage && hosts.includes(entry.host);
  return entry.type === 'awaiting' && entry.stage === stage && entry.hosts.some((host) => hosts.includes(host));
};

/** How the stage itself sees that the Node is Ready; undefined where it does not look. */
function gateOf(plan: HostPlan | undefined): { readonly unit: string; readonly timeout_seconds: number } | undefined {
  const gate = plan?.entries.find((entry) => entry.kind === 'cluster' && entry.operation.name === nodeReady.name);
  if (gate?.kind !== 'cluster') return undefined;
  const { unit, timeout_seconds } = nodeReady.schema.parse(gate.desired);
  return { unit, timeout_seconds };
}

/** A failed batch, told: first why it failed, then what became of it. */
export async function tellFailure(
  error: unknown,
  stage: Stage,
  batch: readonly HostPlan[],
  state: RunState,
  runStage: RunStage,
): Promise<ProvisionError> {
  if (error instanceof ProvisionError && error.code === 'LOCK_LOST') throw error;
  if (error !== undefined) reportFailures(error, state.request.emit, { stage: stage.name });
  // whoever has the lock now decides what becomes of the batch
  await state.request.lock?.confirm();
  return putBack(stage, batch, state, runStage);
}
