import { z } from 'zod';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { staysOnNode, titleOf } from '../../kubernetes/cluster/pods.ts';
import { type ClusterHost, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  old_machine_is_off: z.boolean().default(false).describe('somebody has seen that the old machine runs no more'),
  addresses: z.array(z.string()).default([]).describe('addresses of the Node as runs have seen it, where it is gone'),
  machine_id: z.string().default('').describe('its machine-id as runs have seen it, where it is gone'),
});

type Desired = z.output<typeof schema>;

/** A lost node's pods that wait for a kubelet which is gone for good. */
interface Stuck {
  readonly host: ClusterHost;
  readonly pods: readonly PodState[];
  /** Why nobody can know that they run no more; undefined where it is known. */
  readonly doubt: string | undefined;
}

const stuckOn = (view: ClusterView, desired: Desired): readonly Stuck[] =>
  view.hosts.flatMap((host): Stuck[] => {
    const node = view.snapshot.nodes.find(({ name }) => name === host.nodeName);
    // Ready is what its last kubelet said, and may not be old yet
    const isLost = node === undefined || !node.ready || node.machineId !== host.facts.machineId;
    const pods = (view.pods ?? []).filter((pod) => pod.node === host.nodeName && isStuck(pod, isLost));
    return pods.length === 0 ? [] : [{ host, pods, doubt: doubtOf(host, view, desired) }];
  });

/** Its deletion waits for the kubelet; or its owner would make another one, if it knew that this one is gone. */
const isStuck = (pod: PodState, isLost: boolean): boolean =>
  isLost && !pod.isStatic && (pod.isLeaving || (pod.owner !== undefined && !pod.hasEnded && !staysOnNode(pod)));

/** Two machines cannot answer at one address; elsewhere the old one may go on, and a StatefulSet's pod would be there twice. */
function doubtOf({ facts, nodeName }: ClusterHost, view: ClusterView, desired: Desired): string | undefined {
  if (desired.old_machine_is_off) return undefined;
  const node = view.snapshot.nodes.find(({ name }) => name === nodeName);
  const recorded = node?.addresses ?? desired.addresses;
  const own = facts.addresses.map(({ cidr }) => cidr.replace(/\/\d+$/, ''));
  if ((node?.machineId || desired.machine_id) === facts.machineId) return 'this is the system they were started on';
  if (recorded.some((address) => own.includes(address))) return undefined;
  return `the new system does not answer at ${recorded.join(', ') || 'an address that is known'}: the old machine may still run`;
}

/** Pods that wait for the kubelet of a machine that is gone are let go, so that they start elsewhere: only those, and only if it is gone. */
export const stuckPods = defineClusterOperation({
  scope: 'cluster',
  name: 'stuck_pods',
  summary: 'pods that wait for the kubelet of a lost machine are gone, where it is sure that they run no more',
  schema,
  readsPods: true,
  countsAsChange: true,
  irreversible: 'a pod that was let go is made anew by its owner, if it has one',
  notDone(view, desired) {
    const doubtful = stuckOn(view, desired).filter(({ doubt }) => doubt !== undefined);
    if (doubtful.length === 0) return undefined;
    return [
      ...doubtful.map(
        ({ host, pods, doubt }) =>
          `pods of ${host.nodeName} are not let go, for ${doubt}; --old-machine-is-off lets them go: ${pods.map(titleOf).join(', ')}`,
      ),
    ].join('\n');
  },
  diff: (view, desired) =>
    stuckOn(view, desired).flatMap(({ pods }) =>
      pods.map((pod) => ({ subject: `Pod ${titleOf(pod)}`, action: `let it go: ${pod.node} was lost` })),
    ),
  async apply({ api }, view, desired) {
    const pods = stuckOn(view, desired).flatMap((stuck) => stuck.pods);
    for (const { namespace, name, uid } of pods) await api.deletePod(namespace, name, uid);
    return `${pods.length} ${pods.length === 1 ? 'pod was' : 'pods were'} let go`;
  },
});
