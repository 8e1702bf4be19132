import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { isInRange, staysOnNode, strandedPods, titleOf } from '../../kubernetes/cluster/pods.ts';
import { type ClusterDeps, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  recreate: z.boolean().default(false).describe('evict those with an owner, which makes them again'),
  drained: z
    .boolean()
    .default(false)
    .describe('the nodes have been drained: only pods that stay on their node are meant'),
  timeout_seconds: z.number().int().positive().default(300).describe('how long one pod may take to be back'),
});

type Desired = z.output<typeof schema>;

/** Owners at once; of one owner it is one pod at a time. */
const ownersAtOnce = 10;

/** A warning does not grow with the cluster. */
const mostNamed = 50;

function stranded(
  { pods = [], hosts, snapshot }: ClusterView,
  { drained }: Pick<Desired, 'drained'>,
): readonly PodState[] {
  const names = new Set(hosts.map((host) => host.nodeName));
  return strandedPods(
    pods.filter((pod) => names.has(pod.node) && (!drained || staysOnNode(pod))),
    snapshot.nodes,
  );
}

/** As long as its Node has no range, a pod made anew would have such an address again. */
const hasRange = ({ snapshot }: ClusterView, pod: PodState): boolean =>
  snapshot.nodes.some((node) => node.name === pod.node && node.podCidr !== undefined);

const comesAgain = (pod: PodState): boolean => pod.owner !== undefined && !pod.isStatic;

function wayOut(pod: PodState): string {
  if (pod.isStatic) return 'a static pod: move its manifest away and back';
  return pod.owner ? `of ${pod.owner.title}: --recreate-pods makes it anew` : 'bare: re-create it yourself';
}

function describe(pods: readonly PodState[]): string {
  const lines = pods
    .slice(0, mostNamed)
    .map((pod) => `  ${titleOf(pod)} on ${pod.node}, ${pod.address}, ${wayOut(pod)}`);
  const rest = pods.length - lines.length;
  const first = `${pods.length === 1 ? '1 pod has an address' : `${pods.length} pods have addresses`} outside the range of the Node, from before it had a pod network, and cannot be reached from other nodes`;
  return [first, ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n');
}

const evictable = (view: ClusterView, desired: Desired): readonly PodState[] =>
  stranded(view, desired).filter((pod) => comesAgain(pod) && hasRange(view, pod));

/** Those of Nodes that are about to get a range. */
const evictableLater = (view: ClusterView, desired: Desired): readonly PodState[] =>
  view.changed ? stranded(view, desired).filter((pod) => comesAgain(pod) && !hasRange(view, pod)) : [];

const describeEviction = (pod: PodState): Change => ({
  subject: `Pod ${titleOf(pod)}`,
  action: `evict, ${pod.owner?.title} makes it anew`,
});

/** Pods from before their node had a pod network, on docker0 mostly: named, and made anew by their owners if asked to. */
export const podsInRange = defineClusterOperation({
  scope: 'cluster',
  name: 'pods_in_range',
  summary: "the pods of these Nodes have addresses of their Nodes' ranges; those that have not are named, or evicted",
  schema,
  readsPods: true,
  countsAsChange: true,
  irreversible: 'a pod that was evicted is gone; its owner made another one',
  notDone(view, desired) {
    const pods = stranded(view, desired);
    const comes = desired.recreate && evictable(view, desired).length + evictableLater(view, desired).length > 0;
    return pods.length === 0 || comes ? undefined : describe(pods);
  },
  diff: (view, desired) => (desired.recreate ? evictable(view, desired).map(describeEviction) : []),
  foresee: (view, desired) => (desired.recreate ? evictableLater(view, desired).map(describeEviction) : []),
  async apply(deps, view, desired) {
    const { timeout_seconds } = desired;
    const pods = evictable(view, desired);
    const owners = new Set(pods.map((pod) => pod.owner?.uid));
    const queue = [...owners].map((owner) => pods.filter((pod) => pod.owner?.uid === owner));
    const failures: string[] = [];
    let done = 0;
    const work = async (): Promise<void> => {
      for (let mine = queue.shift(); mine !== undefined; mine = queue.shift()) {
        for (const pod of mine) {
          const failure = await recreate(pod, deps, view, timeout_seconds * 1000);
          if (failure !== undefined) {
            failures.push(`${titleOf(pod)} of ${pod.owner?.title}: ${failure}`);
            break;
          }
          done += 1;
          deps.progress(`${done} of ${pods.length} pods made anew`);
        }
      }
    };
    await Promise.all(Array.from({ length: ownersAtOnce }, work));
    if (failures.length > 0) throw notRecreated(failures);
    return `${done} ${done === 1 ? 'pod' : 'pods'} made anew, with addresses of their Nodes' ranges`;
  },
});

/** Evicts one pod and waits until its owner has as many as before; gives back what kept it from that. */
async function recreate(
  pod: PodState,
  { api }: ClusterDeps,
  { snapshot }: ClusterView,
  timeoutMs: number,
): Promise<string | undefined> {
  const siblings = async (): Promise<readonly PodState[]> =>
    (await api.podsIn(pod.namespace)).filter((one) => one.owner?.uid === pod.owner?.uid && !one.isLeaving);
  const deadline = Date.now() + timeoutMs;
  const before = await siblings();
  if (!before.some(({ uid }) => uid === pod.uid)) return undefined;
  let refused: string | undefined;
  const isEvicted = async (): Promise<boolean> => {
    refused = await api.evict(pod);
    return refused === undefined;
  };
  if (!(await api.watchUntil('pods', timeoutMs, isEvicted))) return refused ?? 'it was not evicted in time';

  let pending: readonly string[] = [];
  const isBack = async (): Promise<boolean> => {
    const now = await siblings();
    const fresh = now.filter(({ uid }) => !before.some((one) => one.uid === uid));
    const waits = (one: PodState): boolean =>
      isInRange(one, snapshot.nodes) !== true || !one.runs || (pod.isReady && !one.isReady);
    pending = fresh.filter(waits).map((one) => {
      const where = one.node ? ` on ${one.node}${one.address ? ` with ${one.address}` : ''}` : '';
      return `${titleOf(one)}${where}${one.reason ? `: ${one.reason}` : ''}`;
    });
    return now.length >= before.length && fresh.length > 0 && pending.length === 0;
  };
  if (await api.watchUntil('pods', Math.max(0, deadline - Date.now()), isBack)) return undefined;
  const why = pending.length > 0 ? `waits for ${pending.join(', ')}` : 'its owner made no other pod';
  return `${why}, after ${timeoutMs / 1000} s`;
}

const notRecreated = (failures: readonly string[]): ProvisionError =>
  new ProvisionError({
    code: 'PODS_NOT_RECREATED',
    kind: 'cluster',
    what: `${failures.length === 1 ? 'A pod' : `${failures.length} pods`} could not be made anew on the pod network`,
    why: failures.join('\n'),
    fix: 'Mend what keeps the new pod from running, or what the PodDisruptionBudget waits for, then run again with --recreate-pods.',
  });
