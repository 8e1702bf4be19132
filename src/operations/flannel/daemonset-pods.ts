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
