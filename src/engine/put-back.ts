import { ProvisionError } from '../errors.ts';
import type { JournalEntry } from '../journal/entry.ts';
import { entriesOf } from '../journal/recorded-run.ts';
import { cordonNode, uncordonNode } from '../operations/cluster/cordon.ts';
import { nodeReady } from '../operations/cluster/node-ready.ts';
import { findOperation } from '../operations/registry.ts';
import { reportFailures } from './guard.ts';
import { differs, type HostPlan, Planner } from './planner.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';
import { undoStages } from './undo-stages.ts';

type RunStage = (stage: Stage, state: RunState) => Promise<'ok' | 'changed' | 'failed' | 'stopped'>;

/** What became of the hosts of a batch that failed. */
interface Outcome {
  /** As they were before the batch. */
  readonly back: readonly string[];
  /** Left as they are, cordoned, for somebody to look at. */
  readonly kept: readonly string[];
  /** Neither: they cannot be reached, or do not come back. */
  readonly stuck: readonly string[];
}

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
  stuck.push(...(await takeBack(stage, toPutBack, state, runStage)));
  // also of those that nobody reaches: a cordon needs no host
  for (const { host } of begun)
    if (host.nodeName !== undefined && !kept.includes(host.name)) await uncordonNode(state.api, host.nodeName);
  const back = toPutBack.map(({ host }) => host.name).filter((name) => !stuck.includes(name));
  state.request.journal.record({ type: 'put-back', stage: stage.name, hosts: back });
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

/** The hosts that do not get back to what they were. */
async function takeBack(
  stage: Stage,
  plans: readonly HostPlan[],
  state: RunState,
  runStage: RunStage,
): Promise<readonly string[]> {
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
  if (stages.length === 0) return [];
  journal.record({ type: 'putting-back', stage: stage.name, hosts });
  for (const { host } of plans) state.planner.forget(host);
  // what it does is undone with the run itself: nothing of it is to be remembered
  const request = { ...state.request, stages, undoes: id, journal: { record() {} } };
  const planner = new Planner({ agentUnit: request.agentUnit, scope: (host) => ({ host: host.name }) });
  const undoing: RunState = { ...state, request, planner, changed: true };
  for (const one of stages) {
    const failuresBefore = state.failed.size;
    // one host's failure keeps no other one from going on; one of the cluster is everybody's
    if ((await runStage(one, undoing)) === 'failed' && state.failed.size === failuresBefore) return hosts;
  }
  return hosts.filter((host) => state.failed.has(host));
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

/** What was to be changed on a host: the words of command lines that come or go, else the changes by name. */
function tellChanges({ planned }: HostPlan): readonly string[] {
  const changes = planned.flatMap((one) => one.changes);
  return changes.flatMap(({ subject, action, before, after }) => {
    if (before === undefined || after === undefined) return [];
    const [old, now] = [before.split('\n'), after.split('\n')];
    const lines = [
      ...old.filter((line) => !now.includes(line)).map((line) => `without ${line.trim()}`),
      ...now.filter((line) => !old.includes(line)).map((line) => `with ${line.trim()}`),
    ];
    return [`${subject}: ${lines.length > 0 && lines.length <= 10 ? lines.join(', ') : action}`];
  });
}

function rollStopped(
  stage: Stage,
  batch: readonly HostPlan[],
  { back, kept, stuck }: Outcome,
  state: RunState,
): ProvisionError {
  const { resumes } = state.request;
  const begun = batch.filter(differs);
  const names = begun.map(({ host }) => host.name);
  const sent = entriesOf(state, 'applying').filter((entry) => entry.stage === stage.name);
  const told = begun.flatMap((plan) => {
    const isSent = sent.some((entry) => entry.host === plan.host.name);
    return isSent
      ? tellChanges(plan).map((text) => `${plan.host.name}: ${text}`)
      : [`${plan.host.name}: not changed yet`];
  });
  const are = (list: readonly string[], text: string) => (list.length > 0 ? [`${list.join(', ')}: ${text}`] : []);
  return new ProvisionError({
    code: 'ROLL_STOPPED',
    kind: 'operation',
    what: `stopped at ${names.join(', ')} in '${stage.name}'; no batch after it was begun`,
    why: [
      ...told,
      ...are(back, 'as before, taken back'),
      ...are(kept, 'left as it is and cordoned, to be looked at'),
      ...are(stuck, 'could not be taken back'),
    ].join('\n'),
    fix: [
      ...(kept.length > 0
        ? [`Look at ${kept.join(', ')}; provision undo ${state.request.id} takes the change back and lifts the cordon.`]
        : []),
      ...(stuck.length > 0
        ? [`Once ${stuck.join(', ')} can be reached, provision undo ${state.request.id} takes back what is left of it.`]
        : []),
      'Mend what the error above names, then go on: provision resume. What came by --set it brings again: correct that in a roll of its own.',
      ...(resumes === undefined
        ? []
        : [
            `What run ${resumes}, which this one goes on with, changed there before stands: provision undo ${resumes}.`,
          ]),
    ].join(' '),
  });
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
