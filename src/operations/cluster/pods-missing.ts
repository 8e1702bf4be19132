import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { makerOf, staysOnNode, titleOf } from '../../kubernetes/cluster/pods.ts';

/** Pods that count: they ran, and were there to stay. */
export const ran = (pod: PodState): boolean =>
  pod.runs && !pod.isLeaving && !pod.hasEnded && pod.isOfProof === undefined;

const isGone = ({ isLeaving, hasEnded }: PodState): boolean => isLeaving || hasEnded;

/** As well as it was before. */
const isWell = (pod: PodState, before: PodState): boolean => pod.runs && (pod.isReady || !before.isReady);

/** A Job makes no other pod for one that has done its work. */
const isKeptUp = (pod: PodState): boolean => !staysOnNode(pod) && pod.owner !== undefined && pod.owner.kind !== 'Job';

/** What was there before on these nodes and is not there again, a line each; empty when all is well. */
export function findMissing(
  nodes: readonly string[],
  before: readonly PodState[],
  now: readonly PodState[],
): readonly string[] {
  const here = before.filter((pod) => nodes.includes(pod.node) && ran(pod));
  return [
    ...here.filter(staysOnNode).flatMap((pod) => missingOnNode(pod, now)),
    ...here.filter((pod) => !staysOnNode(pod)).flatMap((pod) => missingItself(pod, now)),
    ...missingOfMakers(here.filter(isKeptUp), before, now),
  ];
}

/** The kubelet, or the DaemonSet, may have made it anew. */
function missingOnNode(pod: PodState, now: readonly PodState[]): readonly string[] {
  const again = now.filter((one) => one.node === pod.node && makerOf(one) === makerOf(pod) && !isGone(one));
  if (again.some((one) => isWell(one, pod))) return [];
  return again[0] ? [describe(again[0])] : [`${titleOf(pod)} on ${pod.node}: it is not there again`];
}

function missingItself(pod: PodState, now: readonly PodState[]): readonly string[] {
  const same = now.find(({ uid }) => uid === pod.uid);
  if (same === undefined || same.isLeaving) return [];
  // a kubelet that does not take a pod any more ends it, and says why; a pod that ends by itself has no such reason
  if (same.hasEnded) return pod.owner === undefined && same.reason !== '' ? [describe(same)] : [];
  return isWell(same, pod) ? [] : [describe(same)];
}

/** As many are Ready as before, on whatever node. */
function missingOfMakers(
  here: readonly PodState[],
  before: readonly PodState[],
  now: readonly PodState[],
): readonly string[] {
  const makers = new Map(here.map((pod) => [makerOf(pod), pod]));
  return [...makers].flatMap(([maker, sample]) => {
    const ofMaker = (pods: readonly PodState[]) => pods.filter((pod) => makerOf(pod) === maker && !isGone(pod));
    const wanted = ofMaker(before).filter(({ isReady }) => isReady).length;
    const ready = ofMaker(now).filter(({ isReady }) => isReady).length;
    if (ready >= wanted) return [];
    const others = now.filter((pod) => makerOf(pod) === maker && isEvidence(pod, here));
    const count = `${sample.owner?.title} in ${sample.namespace}: ${ready} of ${wanted} pods are Ready`;
    return [count, ...others.map(describe)];
  });
}

/** What is not Ready, unless it was told before; and what the kubelet has ended, which is why another one is waited for. */
function isEvidence(pod: PodState, here: readonly PodState[]): boolean {
  const isKnown = here.some(({ uid }) => uid === pod.uid);
  if (pod.hasEnded) return isKnown && pod.reason !== '';
  return !isKnown && !pod.isReady && !pod.isLeaving;
}

const describe = (pod: PodState): string =>
  `${titleOf(pod)}${pod.node ? ` on ${pod.node}` : ''}: ${pod.reason || (pod.runs ? 'it is not Ready' : 'it does not run')}`;
