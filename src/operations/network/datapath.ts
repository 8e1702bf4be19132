import { randomBytes } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { type ClusterDeps, type ClusterHost, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { ipv4Network } from '../fields.ts';
import { label, lockedKey, type ProofPods, proofKey, proofPod } from './datapath-pods.ts';
import { tellStuck } from './stuck-proof.ts';

const schema = z.strictObject({
  image: z.string().nullable().describe('an image with busybox that the nodes have already; it is never pulled'),
  namespace: z.string().default('default').describe('where the pods of the proof live for a moment'),
  timeout_seconds: z.number().int().positive().default(120).describe('how long the whole proof may take'),
  beyond_batch: z
    .boolean()
    .default(false)
    .describe(
      'prove what the batch has changed, together with one node outside of it, instead of all nodes of the batch',
    ),
  on_range: ipv4Network
    .optional()
    .describe('only together with nodes whose subnet.env is of this range: others have pods elsewhere'),
  with_every_node: z
    .boolean()
    .default(false)
    .describe(
      'prove between each node of the batch and every Ready Node of the cluster, instead of all nodes of the batch',
    ),
});

interface Proof extends ProofPods {
  readonly desired: z.output<typeof schema>;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

type Wish = Pick<z.output<typeof schema>, 'beyond_batch' | 'with_every_node' | 'on_range'>;

/** Also when an earlier run changed a node and ended before its proof. */
const isDue = (view: ClusterView, { beyond_batch }: Wish): boolean =>
  view.verify || view.hosts.some((host) => host.facts.isUnproven) || (beyond_batch ? changed(view) : view.changed);

const changed = ({ batchChanged, changing }: ClusterView): boolean => batchChanged && changing.length > 0;

/** The nodes between which is proven. */
function nodesOf(view: ClusterView, { beyond_batch, with_every_node, on_range }: Wish): string[] {
  const batch = namesOf(view.hosts);
  if (with_every_node)
    return [
      ...batch,
      ...view.snapshot.nodes.filter(({ name, ready }) => ready && !batch.includes(name)).map(({ name }) => name),
    ];
  if (!beyond_batch) return batch;
  const isMeant = (host: ClusterHost): boolean =>
    view.verify || host.facts.isUnproven || (view.batchChanged && view.changing.includes(host));
  const meant = view.hosts.filter(isMeant);
  const isOnRange = ({ facts }: ClusterHost): boolean => !on_range || facts.agentNetworks.includes(on_range);
  const outside = nodeOutside(view, view.others.filter(isOnRange));
  // with nothing left to change, all hosts are in one batch
  const unchanged = view.hosts.filter((host) => !meant.includes(host));
  const partner = outside.length > 0 ? outside : nodeOutside(view, unchanged);
  return [...namesOf(meant), ...(partner.length > 0 || on_range ? namesOf(partner) : nodeLeftOut(view))];
}

/** A Ready one that --limit leaves out: pods need no way in to their host. */
const nodeLeftOut = ({ snapshot, leftOut = [] }: ClusterView): readonly string[] =>
  snapshot.nodes
    .filter(({ name, ready }) => ready && leftOut.includes(name))
    .map(({ name }) => name)
    .slice(0, 1);

const namesOf = (hosts: readonly ClusterHost[]): string[] => hosts.flatMap((host) => host.nodeName ?? []);

/** The Ready one whose services have run the longest: not changed yet, or the longest ago. */
function nodeOutside({ snapshot }: ClusterView, others: readonly ClusterHost[]): readonly ClusterHost[] {
  const isReady = ({ nodeName }: ClusterHost): boolean =>
    snapshot.nodes.some((node) => node.name === nodeName && node.ready);
  const lastStart = ({ facts }: ClusterHost): number =>
    Math.max(0, ...[...facts.units.values()].filter((unit) => unit.active).map((unit) => unit.startedAt));
  return others
    .filter(isReady)
    .toSorted((a, b) => lastStart(a) - lastStart(b) || a.name.localeCompare(b.name))
    .slice(0, 1);
}

/** The nodes that one of these asks: those it is about ask all others, which ask no one but them. */
function peersOf(node: string, nodes: readonly string[], view: ClusterView, { with_every_node }: Wish): string[] {
  const batch = namesOf(view.hosts);
  return nodes.filter((one) => one !== node && (!with_every_node || batch.includes(node) || batch.includes(one)));
}

async function removePods(deps: ClusterDeps, namespace: string, isMine: (pod: V1Pod) => boolean): Promise<void> {
  const pods = await deps.api.pods(namespace, label);
  for (const old of pods.filter(isMine)) await deps.api.deletePod(namespace, old.metadata?.name ?? '');
}

/** Left by a run that died: older than any proof may take, or of a run that held the lock that is now ours. */
const isLeftover = (desired: z.output<typeof schema>, isAlone: boolean) => (pod: V1Pod) =>
  (isAlone && pod.metadata?.labels?.[lockedKey] === 'true') ||
  Date.now() - new Date(pod.metadata?.creationTimestamp ?? 0).getTime() > desired.timeout_seconds * 1000;

/** What a pod will not recover from. */
const hopeless = /^(ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|RunContainerError)$/;

const hasFailed = (pod: V1Pod): boolean =>
  pod.status?.phase === 'Failed' || hopeless.test(pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '');

/** Pods of one role, once all of them satisfy the condition; throws DATAPATH_POD_STUCK naming the others. */
async function waitForPods(
  deps: ClusterDeps,
  { id, desired, deadline }: Proof,
  role: string,
  isThere: (pod: V1Pod) => boolean,
): Promise<readonly V1Pod[]> {
  const selector = `${label},${proofKey}=${id},provision-role=${role}`;
  let pods: readonly V1Pod[] = [];
  await deps.api.watchUntil('pods', deadline - Date.now(), async () => {
    pods = await deps.api.pods(desired.namespace, selector);
    return pods.every((one) => isThere(one) || hasFailed(one));
  });
  const stuck = pods.filter((one) => !isThere(one));
  if (stuck.length === 0) return pods;
  throw await tellStuck(deps.api, stuck, desired.image);
}

/** For every ordered pair of nodes the receiver saw the sender's pod address, and 1 MiB arrived intact. */
export const datapath = defineClusterOperation({
  scope: 'cluster',
  name: 'datapath',
  summary: 'between every two nodes, in both directions, pods reach each other under their own addresses',
  schema,
  notDone(view, wish) {
    if (!(view.verify || (wish.beyond_batch ? changed(view) : view.changed))) return undefined;
    if (wish.image === null) return 'it is not proven that pods reach each other: verify.image names no image';
    if (nodesOf(view, wish).length < 2) return 'it is not proven that pods reach each other: that takes two nodes';
    return undefined;
  },
  diff(view, wish) {
    const nodes = nodesOf(view, wish);
    if (wish.image === null || nodes.length < 2 || !isDue(view, wish)) return [];
    const which = wish.beyond_batch ? nodes.join(', ') : `${nodes.length} nodes`;
    const between = wish.with_every_node ? `${namesOf(view.hosts).join(', ')} and every other Ready Node` : which;
    return [{ subject: 'datapath', action: `is proven between ${between}` }];
  },
  async apply(deps, view, desired) {
    const nodes = nodesOf(view, desired);
    const proof: Proof = {
      id: randomBytes(6).toString('hex'),
      isAlone: deps.isAlone,
      desired,
      deadline: Date.now() + desired.timeout_seconds * 1000,
    };
    await removePods(deps, desired.namespace, isLeftover(desired, deps.isAlone));
    try {
      deps.progress(`starting ${nodes.length} servers`);
      for (const node of nodes) await deps.api.createPod(proofPod('server', node, proof, ''));
      const isServing = (one: V1Pod): boolean => one.status?.phase === 'Running' && !!one.status.podIP;
      const servers = await waitForPods(deps, proof, 'server', isServing);
      const asks = new Map(nodes.map((node) => [node, peersOf(node, nodes, view, desired)]));
      const pairs = [...asks.values()].flat().length;
      deps.progress(`${pairs} pairs`);
      for (const node of nodes) {
        const peers = servers
          .filter((one) => asks.get(node)?.includes(one.spec?.nodeName ?? ''))
          .map((one) => `${one.spec?.nodeName}=${one.status?.podIP}`);
        await deps.api.createPod(proofPod('client', node, proof, peers.join(' ')));
      }
      const hasEnded = (one: V1Pod): boolean => /Succeeded|Failed/.test(one.status?.phase ?? '');
      const verdict = judge(await waitForPods(deps, proof, 'client', hasEnded), pairs);
      await deps.markProven();
      return desired.beyond_batch ? `${nodes.join(', ')}: ${verdict}` : verdict;
    } finally {
      await removePods(deps, desired.namespace, (one) => one.metadata?.labels?.[proofKey] === proof.id);
    }
  },
});

function judge(clients: readonly V1Pod[], pairs: number): string {
  const faults: string[] = [];
  let good = 0;
  for (const client of clients) {
    const message = client.status?.containerStatuses?.[0]?.state?.terminated?.message ?? '';
    const [head = '', ...bad] = message.trim().split('\n');
    const [, count, address] = head.split(' ');
    good += Number(count ?? 0);
    for (const line of bad) {
      const [peer, ...answer] = line.split(' ');
      faults.push(`${client.spec?.nodeName} (${address}) → ${peer}: the receiver saw ${answer.join(' ')}`);
    }
    if (!message) faults.push(`${client.spec?.nodeName}: its pod ended without a report`);
  }
  if (faults.length > 0 || good !== pairs) {
    throw new ProvisionError({
      code: 'DATAPATH_BROKEN',
      kind: 'cluster',
      what: `${good} of ${pairs} pairs of nodes reach each other's pods`,
      why: faults.join('\n'),
      fix: 'No answer points at routes, a firewall or the FORWARD policy; another address than the pod’s at masquerading.',
    });
  }
  return `${pairs} pairs of nodes: source address kept, 1 MiB intact`;
}
