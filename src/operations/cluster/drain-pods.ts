import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { staysOnNode, titleOf } from '../../kubernetes/cluster/pods.ts';
import type { ClusterView } from '../cluster-operation.ts';

export interface DrainLeave {
  readonly delete_bare_pods: boolean;
  readonly delete_empty_dir: boolean;
}

/** Nodes about to change. No kubelet ends the pods of one that is not Ready: such a Node is mended as it is. */
export const nodesToDrain = ({ hosts, changing, snapshot }: ClusterView): readonly string[] =>
  changing
    .filter(({ name }) => hosts.some((host) => host.name === name))
    .flatMap(({ nodeName }) => nodeName ?? [])
    .filter((name) => snapshot.nodes.some((node) => node.name === name && node.ready));

/** Pods that leave a node which is drained. */
export const podsToEvict = (pods: readonly PodState[], nodes: readonly string[]): readonly PodState[] =>
  pods.filter(
    (pod) =>
      nodes.includes(pod.node) && !staysOnNode(pod) && !pod.hasEnded && !pod.isLeaving && pod.isOfProof === undefined,
  );

/** Those that an earlier run, or somebody else, has ended, and that run until their time is up. */
export const podsOnLeave = (pods: readonly PodState[], nodes: readonly string[]): readonly PodState[] =>
  pods.filter(
    (pod) =>
      nodes.includes(pod.node) && !staysOnNode(pod) && !pod.hasEnded && pod.isLeaving && pod.isOfProof === undefined,
  );

export const describeLeave = (pod: PodState): Change => ({
  subject: `Pod ${titleOf(pod)}`,
  action: `leaves ${pod.node} already, and is waited for`,
});

const isBare = ({ owner }: PodState): boolean => owner === undefined;

export function describeEviction(pod: PodState): Change {
  const afterwards = isBare(pod) ? 'nobody makes it again' : `${pod.owner?.title} makes it anew`;
  const files = pod.hasEmptyDir ? '; the files of its emptyDir go' : '';
  return { subject: `Pod ${titleOf(pod)}`, action: `is evicted from ${pod.node}, ${afterwards}${files}` };
}

/** Throws DRAIN_REFUSED where pods would be lost, or their files, without leave to do that. */
export function refuseLosses(pods: readonly PodState[], leave: DrainLeave): void {
  const bare = leave.delete_bare_pods ? [] : pods.filter(isBare);
  const withFiles = leave.delete_empty_dir ? [] : pods.filter((pod) => pod.hasEmptyDir);
  const refused = pods.filter((pod) => bare.includes(pod) || withFiles.includes(pod));
  if (refused.length === 0) return;
  const lines = refused.map((pod) => {
    const reasons = [
      ...(bare.includes(pod) ? ['it is bare, nobody makes it again'] : []),
      ...(withFiles.includes(pod) ? ['it has an emptyDir, whose files go with it'] : []),
    ];
    return `${titleOf(pod)} on ${pod.node}: ${reasons.join('; ')}`;
  });
  const ways = [
    ...(bare.length > 0 ? ['roll.delete_bare_pods: true (or --delete-bare-pods) lets bare pods go.'] : []),
    ...(withFiles.length > 0
      ? ['roll.delete_empty_dir: true (or --delete-empty-dir) lets the files of emptyDirs go.']
      : []),
  ];
  throw new ProvisionError({
    code: 'DRAIN_REFUSED',
    kind: 'cluster',
    what: `draining would lose ${refused.length === 1 ? 'a pod or its files' : `${refused.length} pods or their files`}`,
    why: lines.join('\n'),
    fix: `Move these pods away yourself, or allow it: ${ways.join(' ')}`,
  });
}
