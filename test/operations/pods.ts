import type { PodState } from '../../src/kubernetes/cluster/cluster.ts';

/** A Ready pod of the Deployment shop on node a, of which nothing else is special. */
export const readyPod = (name: string, more: Partial<PodState> = {}): PodState => ({
  namespace: 'default',
  name,
  uid: name,
  node: 'a',
  address: '10.5.1.7',
  usesHostNetwork: false,
  isStatic: false,
  owner: { uid: 'rs', kind: 'ReplicaSet', title: 'Deployment shop' },
  hasEmptyDir: false,
  runs: true,
  isReady: true,
  isLeaving: false,
  hasEnded: false,
  reason: '',
  ...more,
});
