import type { NodeState } from '../src/kubernetes/cluster/cluster.ts';

/** A Node that is Ready, of which no more than this is known. */
export const readyNode = (name: string, podCidr?: string): NodeState => ({
  name,
  podCidr,
  addresses: [],
  machineId: '',
  ready: true,
  reason: '',
  heartbeatAt: 0,
  leaseAt: 0,
  labels: {},
  taints: [],
  isCordoned: false,
  version: '1',
});
