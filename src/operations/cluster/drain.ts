import pLimit from 'p-limit';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { titleOf } from '../../kubernetes/cluster/pods.ts';
import { type ClusterDeps, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { describeEviction, describeLeave, nodesToDrain, podsOnLeave, podsToEvict, refuseLosses } from './drain-pods.ts';

const schema = z.strictObject({
  delete_bare_pods: z.boolean().default(false).describe('whether pods may go that nobody makes again'),
  delete_empty_dir: z
    .boolean()
    .default(false)
    .describe('whether pods with an emptyDir may go, and its files with them'),
  timeout_seconds: z.number().int().positive().default(300).describe('how long draining a batch may take'),
});

/** Evictions at once of the pods of one node. */
const podsAtOnce = 10;

/** A pod may have been bound to its node at the moment of the cordon; one that comes after that comes back for good. */
const rounds = 2;

const due = (view: ClusterView): readonly PodState[] => podsToEvict(view.pods ?? [], nodesToDrain(view));
const ending = (view: ClusterView): readonly PodState[] => podsOnLeave(view.pods ?? [], nodesToDrain(view));

/**
 * Pods leave the Nodes that are about to change, through the Eviction API, so that PodDisruptionBudgets hold, and are
 * waited for until they have really gone. Those of DaemonSets and of manifests on the node stay.
 */
export const drain = defineClusterOperation({
  scope: 'cluster',
  name: 'drain',
  summary: 'the pods of Nodes that are about to change have left them',
  schema,
  readsPods: true,
  countsAsChange: true,
  irreversible: 'a pod that was evicted is gone; its owner, if it has one, made another one',
  refuse: (view, desired) => refuseLosses(due(view), desired),
  diff: (view) => [...due(view).map(describeEviction), ...ending(view).map(describeLeave)],
  async apply(deps, view, desired) {
    const nodes = nodesToDrain(view);
    const deadline = Date.now() + desired.timeout_seconds * 1000;
    refuseLosses(due(view), desired);
    let pods: readonly PodState[] = [...due(view), ...ending(view)];
    let gone = 0;
    for (let round = 0; round < rounds && pods.length > 0; round += 1) {
      await evictAll(pods, deps, { deadline, timeoutSeconds: desired.timeout_seconds });
      gone += pods.length;
      pods = podsToEvict(await podsOnEach(nodes, deps), nodes);
      refuseLosses(pods, desired);
    }
    return `${gone} ${gone === 1 ? 'pod has' : 'pods have'} left ${nodes.join(', ')}`;
  },
});

/** One request for each node: the API chooses them, instead of sending all pods of the cluster. */
const podsOnEach = async (nodes: readonly string[], { api }: ClusterDeps): Promise<readonly PodState[]> =>
  (await Promise.all(nodes.map((node) => api.podsOn([node])))).flat();

/** Evicts pods and waits until none is left; throws DRAIN_BLOCKED when the time is up. */
async function evictAll(
  pods: readonly PodState[],
  deps: ClusterDeps,
  { deadline, timeoutSeconds }: { readonly deadline: number; readonly timeoutSeconds: number },
): Promise<void> {
  const nodes = [...new Set(pods.map((pod) => pod.node))];
  const limits = new Map(nodes.map((node) => [node, pLimit(podsAtOnce)]));
  const refusals = new Map<string, string>();
  let left = pods;

  async function evict(pod: PodState): Promise<void> {
    const refusal = await deps.api.evict(pod);
    if (refusal === undefined) refusals.delete(pod.uid);
    else refusals.set(pod.uid, refusal);
  }

  const areGone = async (): Promise<boolean> => {
    const now = new Map((await podsOnEach(nodes, deps)).map((pod) => [pod.uid, pod]));
    // one that came to its own end before its eviction has nothing left to end
    left = left.filter(({ uid }) => now.has(uid) && (now.get(uid)?.isLeaving || !now.get(uid)?.hasEnded));
    const isLeaving = ({ uid }: PodState): boolean => now.get(uid)?.isLeaving === true;
    for (const pod of left.filter(isLeaving)) refusals.delete(pod.uid);
    const staying = left.filter((pod) => !isLeaving(pod));
    await Promise.all(staying.map((pod) => limits.get(pod.node)?.(() => evict(pod))));
    deps.progress(describeProgress(pods.length, left, refusals));
    return left.length === 0;
  };
  if (await deps.api.watchUntil('pods', Math.max(0, deadline - Date.now()), areGone)) return;
  throw blocked(left, refusals, timeoutSeconds);
}

function describeProgress(all: number, left: readonly PodState[], refusals: ReadonlyMap<string, string>): string {
  const refused = left.find(({ uid }) => refusals.has(uid));
  const reason = refused ? `; ${titleOf(refused)} waits: ${refusals.get(refused.uid)}` : '';
  return `${all - left.length} of ${all} pods have gone${reason}`;
}

function blocked(left: readonly PodState[], refusals: ReadonlyMap<string, string>, seconds: number): ProvisionError {
  const lines = left.map((pod) => {
    const ending = pod.isLeaving ? 'it was leaving already and does not end' : 'it was evicted and does not end';
    const reason = refusals.get(pod.uid) ?? ending;
    return `${titleOf(pod)} on ${pod.node}: ${reason}`;
  });
  const isRefused = left.some(({ uid }) => refusals.has(uid));
  const nodes = [...new Set(left.map((pod) => pod.node))];
  return new ProvisionError({
    code: 'DRAIN_BLOCKED',
    kind: 'cluster',
    what: `${left.length} ${left.length === 1 ? 'pod' : 'pods'} did not leave ${nodes.join(', ')} within ${seconds} s`,
    why: lines.join('\n'),
    fix: isRefused
      ? 'See that more pods of the budget are Ready (kubectl get poddisruptionbudgets,pods -A), or that it allows one to go; roll.drain_seconds allows more time. Then run again.'
      : 'See what keeps the pods (kubectl describe pod), or allow more time by roll.drain_seconds. Then run again.',
  });
}
