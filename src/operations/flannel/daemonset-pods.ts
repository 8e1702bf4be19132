import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { configDigestOf } from '../../kubernetes/cluster/config-digest.ts';
import type { Manifest } from '../../kubernetes/cluster/manifest.ts';
import type { ClusterHost, ClusterView } from '../cluster-operation.ts';

export const daemonSetsOf = (content: readonly Manifest[]): readonly Manifest[] =>
  content.filter(({ kind }) => kind === 'DaemonSet');

/** Pods of a DaemonSet on a host, also such as are ending. */
export function podsOf({ pods = [] }: ClusterView, host: ClusterHost, daemonSet: Manifest): readonly PodState[] {
  const { name, namespace } = daemonSet.metadata;
  return pods.filter(
    (pod) =>
      pod.node === host.nodeName &&
      pod.namespace === namespace &&
      pod.owner?.kind === 'DaemonSet' &&
      pod.owner.title === `DaemonSet ${name}`,
  );
}

/** Whether a pod runs with other settings than its DaemonSet has by now. */
export const isOfBefore = (pod: PodState, daemonSet: Manifest): boolean =>
  pod.configDigest !== configDigestOf(daemonSet);

/** Keeps what was said of an image that could not be pulled: until the next try a pod says no more than that it waits for it. */
export function keepPullErrors() {
  const kept = new Map<string, string>();
  return (view: ClusterView): ClusterView => {
    for (const { uid, reason } of view.pods ?? []) if (reason.includes('ErrImagePull')) kept.set(uid, reason);
    const pods = view.pods?.map((pod) => {
      const before = pod.reason.includes('ImagePullBackOff') ? kept.get(pod.uid) : undefined;
      return before === undefined ? pod : { ...pod, reason: before };
    });
    return pods === undefined ? view : { ...view, pods };
  };
}

/** As `ErrImagePull`, out of the words of a pod's status; empty where they have none. */
const shortReason = (reason: string): string => reason.split(': ').find((part) => /^[A-Z][A-Za-z]+$/.test(part)) ?? '';

/** As `ErrImagePull on node1, node2`; empty where no pod says why it waits. */
export function tellReasons(pods: readonly PodState[]): string {
  const nodes = new Map<string, string[]>();
  for (const { node, reason } of pods) {
    const short = shortReason(reason);
    if (short !== '') nodes.set(short, [...(nodes.get(short) ?? []), node]);
  }
  return [...nodes].map(([reason, on]) => `${reason} on ${on.join(', ')}`).join('; ');
}
