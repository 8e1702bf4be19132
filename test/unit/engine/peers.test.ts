import { expect, test } from 'vitest';
import { hostPeers, peersOf } from '../../../src/engine/peers.ts';
import type { NodeState } from '../../../src/kubernetes/cluster/cluster.ts';

const node = (name: string, podCidr: string | undefined, ...addresses: string[]): NodeState => ({
  name,
  podCidr,
  addresses,
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
const snapshot = (...nodes: NodeState[]) => ({ nodes, leader: undefined });

test('the other Nodes, in the order of their names', () => {
  const nodes = [
    node('c', '10.1.2.0/24', '10.0.0.3'),
    node('a', '10.1.0.0/24', '10.0.0.1'),
    node('b', '10.1.1.0/24', '10.0.0.2'),
  ];
  expect(peersOf('b', snapshot(...nodes))).toEqual([
    { name: 'a', pod_cidr: '10.1.0.0/24', address: '10.0.0.1' },
    { name: 'c', pod_cidr: '10.1.2.0/24', address: '10.0.0.3' },
  ]);
  expect(
    peersOf(undefined, snapshot(...nodes))?.map((peer) => peer.name),
    'a host without a kubelet',
  ).toEqual(['a', 'b', 'c']);
  expect(
    nodes.map((one) => one.name),
    'the snapshot is left as it is',
  ).toEqual(['c', 'a', 'b']);
});

test('unknown while another Node has no podCIDR; one without an address has no machine to reach', () => {
  expect(peersOf('a', snapshot(node('a', undefined), node('b', undefined, '10.0.0.2')))).toBeUndefined();
  expect(peersOf('a', snapshot(node('a', undefined), node('b', '10.1.0.0/24')))).toEqual([]);
  expect(peersOf('a', snapshot(node('a', undefined))), 'its own does not matter').toEqual([]);
});

test('hosts without a Node are reached under an address made of their own', () => {
  expect(
    hostPeers([
      { name: 'cp2', address: '10.0.0.4' },
      { name: 'cp1', address: '10.0.0.3' },
    ]),
  ).toEqual([
    { name: 'cp1', pod_cidr: '250.0.0.3/32', address: '10.0.0.3' },
    { name: 'cp2', pod_cidr: '250.0.0.4/32', address: '10.0.0.4' },
  ]);
});
