import { ProvisionError } from '../errors.ts';
import type { NodeState } from '../kubernetes/cluster/cluster.ts';
import { sizeOf, splitBatches } from './batch-sizes.ts';
import { differs, type HostPlan } from './planner.ts';
import type { RunState } from './run-state.ts';
import type { Rolling, Stage } from './stage.ts';

/** Well known since 1.17, and what came before it (k8s.io/api/core/v1/well_known_labels.go). */
const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'] as const;

const nodeOf = ({ host }: HostPlan, { snapshot }: RunState): NodeState | undefined =>
  snapshot.nodes.find((node) => node.name === host.nodeName);

const isDown = (plan: HostPlan, state: RunState): boolean => nodeOf(plan, state)?.ready !== true;

const nameOf = ({ host }: HostPlan): string => host.name;

/**
 * The batches of a rolling stage: hosts without changes, Nodes that are down already, the canary, then batches as asked,
 * and control-plane hosts, always one at a time, the leader last.
 */
export function rollingBatches(rolling: Rolling, plans: readonly HostPlan[], state: RunState): HostPlan[][] {
  const changing = inOrder(plans.filter(differs), rolling, state);
  const isLeader = ({ host }: HostPlan): boolean => host.facts.hostname === state.snapshot.leader?.hostname;
  const isControl = (plan: HostPlan): boolean => rolling.controlPlane.includes(nameOf(plan));
  const workers = changing.filter((plan) => !isControl(plan));
  const down = workers.filter((plan) => isDown(plan, state));
  const control = changing
    .filter(isControl)
    .toSorted((a, b) => Number(isLeader(a)) - Number(isLeader(b)))
    .map((plan) => ({ plan, isDown: isDown(plan, state) }));
  const canary = workers.filter((plan) => !down.includes(plan) && rolling.canary.includes(nameOf(plan)));
  const rest = workers.filter((plan) => !down.includes(plan) && !canary.includes(plan));
  const laterSizes = rolling.batches.slice(1);
  return [
    plans.filter((plan) => !differs(plan)),
    down,
    ...control.filter((one) => one.isDown).map(({ plan }) => [plan]),
    canary,
    ...splitBatches(rest, canary.length > 0 && laterSizes.length > 0 ? laterSizes : rolling.batches, changing.length),
    ...control.filter((one) => !one.isDown).map(({ plan }) => [plan]),
  ].filter((batch) => batch.length > 0);
}

/** Words for a canary that is none, because no host of it is to be changed in this run. */
export function missedCanary(stage: Stage, plans: readonly HostPlan[], batches: readonly (readonly string[])[]) {
  const { rolling, serial } = stage;
  const [first] = batches;
  if (!rolling || serial || first === undefined) return undefined;
  const canary = rolling.canary.filter((name) => stage.hosts.includes(name));
  if (canary.length === 0 || canary.some((name) => batches.flat().includes(name))) return undefined;
  const isLooked = (name: string): boolean => plans.some((plan) => nameOf(plan) === name);
  const reasons = [
    { names: canary.filter(isLooked), why: 'nothing to change' },
    { names: canary.filter((name) => !isLooked(name)), why: 'no part in this run' },
  ].filter(({ names }) => names.length > 0);
  const said = reasons.map(({ names, why }) => `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} ${why}`);
  return `there is no canary: ${said.join('; ')}. The first batch is ${first.join(', ')}`;
}

/** What an earlier run began first, then as the inventory orders them, then zone by zone. */
function inOrder(plans: readonly HostPlan[], { order }: Rolling, state: RunState): readonly HostPlan[] {
  const rankOf = (plan: HostPlan): readonly [number, number, string] => {
    const node = nodeOf(plan, state);
    const rank = order.indexOf(nameOf(plan));
    const zone = zoneLabels.map((label) => node?.labels[label]).find((one) => one !== undefined) ?? '';
    return [node?.cordon ? 0 : 1, rank < 0 ? order.length : rank, zone];
  };
  return plans.toSorted((a, b) => {
    const [markA, rankA, zoneA] = rankOf(a);
    const [markB, rankB, zoneB] = rankOf(b);
    return markA - markB || rankA - rankB || (zoneA < zoneB ? -1 : zoneA > zoneB ? 1 : 0);
  });
}

/**
 * Throws BUDGET_EXCEEDED where a batch that is to come would leave more Nodes down than may be. Nodes of these batches that
 * an earlier run changed and did not see to the end are waited for before the first change, so they do not count.
 */
export function checkBudget(stage: Stage, batches: readonly (readonly HostPlan[])[], state: RunState): void {
  const { rolling, serial } = stage;
  // a stage that goes host by host by itself is one of services that no Node needs
  if (!rolling || serial) return;
  const { nodes } = state.snapshot;
  const toTake = batches.map((batch) => batch.filter((plan) => differs(plan) && !isDown(plan, state)));
  const largest = Math.max(0, ...toTake.map((batch) => batch.length));
  const awaited = batches.flat().filter((plan) => differs(plan) || plan.host.facts.isUnproven);
  const down = nodes.filter((node) => !node.ready && !awaited.some(({ host }) => host.nodeName === node.name));
  const allowed = rolling.maxUnavailable === undefined ? largest : sizeOf(rolling.maxUnavailable, nodes.length, 'down');
  const tooMany = toTake.find((batch) => batch.length > 0 && batch.length + down.length > allowed);
  if (!tooMany) return;
  throw new ProvisionError({
    code: 'BUDGET_EXCEEDED',
    kind: 'cluster',
    what: `${tooMany.length + down.length} of ${nodes.length} Nodes would be down at once; ${allowed} may be`,
    why: [
      `to be changed together: ${tooMany.map(nameOf).join(', ')}`,
      ...down.map(({ name, reason }) => `not Ready already: ${name}${reason ? ` (${reason})` : ''}`),
    ].join('\n'),
    fix:
      down.length > 0
        ? 'Bring those Nodes back first, or allow for them: roll.max_unavailable.'
        : 'Make roll.batches smaller, or roll.max_unavailable larger.',
  });
}
