import type { NodeState, Taint } from './cluster.ts';
import { cordonAnnotation } from './cordon-mark.ts';
import type { Manifest } from './manifest.ts';

/** What is kept of a Node, so that it can be made again under its name: plain data, no secrets. */
export interface NodeRecord {
  readonly name: string;
  readonly pod_cidrs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string | undefined; readonly effect: string }[];
  /** Cordoned by somebody else than a run. */
  readonly unschedulable: boolean;
  readonly addresses: readonly string[];
  readonly machine_id: string;
}

/** Annotations that kubelet, controllers, flannel and runs write anew, of the machine and the moment. */
const passing =
  /^(flannel\.alpha\.coreos\.com\/|node\.alpha\.kubernetes\.io\/ttl$|volumes\.kubernetes\.io\/controller-managed-attach-detach$|csi\.volume\.kubernetes\.io\/nodeid$|alpha\.kubernetes\.io\/provided-node-ip$|kubectl\.kubernetes\.io\/last-applied-configuration$)/;

/** Taints that controllers give by the Node's conditions and its cordon. */
const ofConditions = ({ key }: Taint): boolean =>
  key.startsWith('node.kubernetes.io/') || key === 'node.cloudprovider.kubernetes.io/uninitialized';

export const recordNode = (node: NodeState): NodeRecord => ({
  name: node.name,
  pod_cidrs: node.podCidrs ?? (node.podCidr ? [node.podCidr] : []),
  labels: node.labels,
  annotations: Object.fromEntries(
    Object.entries(node.annotations ?? {}).filter(([key]) => key !== cordonAnnotation && !passing.test(key)),
  ),
  taints: node.taints
    .filter((one) => !ofConditions(one))
    .map(({ key, value, effect }) => ({ key, ...(value && { value }), effect })),
  unschedulable: node.isCordoned && (node.cordon?.wasCordoned ?? true),
  addresses: node.addresses,
  machine_id: node.machineId,
});

/**
 * A Node for a kubelet that has still to come, which keeps what it finds. Without a capacity the kubelets of 1.19 and 1.20
 * panic ("assignment to entry in nil map", reconcileHugePageResource).
 */
export const nodeManifest = (
  name: string,
  podCidrs: readonly string[],
  { labels = {}, annotations = {}, taints = [], unschedulable = false }: Partial<NodeRecord> = {},
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels, annotations },
  spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs, taints, ...(unschedulable && { unschedulable }) },
  status: { capacity: { pods: '0' }, allocatable: { pods: '0' } },
});
