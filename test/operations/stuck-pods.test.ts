import { expect, test } from 'vitest';
import type { ClusterApi, NodeState, PodState } from '../../src/kubernetes/cluster/cluster.ts';
import { stuckPods } from '../../src/operations/cluster/stuck-pods.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { readyNode } from '../node-state.ts';
import { readyPod } from './pods.ts';

const lostNode: NodeState = {
  ...readyNode('a', '10.5.1.0/24'),
  addresses: ['10.0.0.21'],
  machineId: 'old',
  ready: false,
};

const pods: readonly PodState[] = [
  readyPod('of-a-set', { owner: { uid: 's', kind: 'StatefulSet', title: 'StatefulSet db' } }),
  readyPod('leaving', { isLeaving: true, owner: undefined }),
  readyPod('bare', { owner: undefined }),
  readyPod('of-a-daemon', { owner: { uid: 'd', kind: 'DaemonSet', title: 'DaemonSet d' } }),
  readyPod('static', { isStatic: true, isLeaving: true }),
  readyPod('ended', { hasEnded: true }),
  readyPod('elsewhere', { node: 'b', isLeaving: true }),
];

const seen = (node: NodeState | undefined, machine = 'new', address = '10.0.0.21'): ClusterView => ({
  snapshot: { nodes: node ? [node] : [], leader: undefined },
  hosts: [
    {
      name: 'host-a',
      nodeName: 'a',
      facts: parseFacts(`machine ${machine}\nnow 1 1\naddress 2: eth0    inet ${address}/24 brd x scope global eth0\n`),
    },
  ],
  pods,
  changing: [],
  others: [],
  changed: false,
  batchChanged: false,
  verify: false,
});

const wish = (more: object = {}) => stuckPods.schema.parse(more);
const letGo = (view: ClusterView, more: object = {}): readonly string[] | string => {
  const notDone = stuckPods.notDone?.(view, wish(more));
  return notDone ?? stuckPods.diff(view, wish(more)).map(({ subject }) => subject);
};
const expected = ['Pod default/of-a-set', 'Pod default/leaving'];

test('where a new system answers at the address of the Node, those that wait for its kubelet, and no others', () => {
  expect(letGo(seen(lostNode))).toEqual(expected);
});

test('a Node that is gone is known by what runs have seen of it', () => {
  expect(letGo(seen(undefined), { addresses: ['10.0.0.21'], machine_id: 'old' })).toEqual(expected);
  expect(letGo(seen(undefined))).toMatch(/an address that is known/);
});

test('at another address the old machine may still run', () => {
  const elsewhere = seen(lostNode, 'new', '10.0.0.77');
  expect(letGo(elsewhere)).toMatch(/pods of a are not let go, .*10\.0\.0\.21.*--old-machine-is-off.*default\/of-a-set/);
  expect(letGo(elsewhere, { old_machine_is_off: true })).toEqual(expected);
});

test('on the system that they were started on they may still run', () => {
  expect(letGo(seen(lostNode, 'old'))).toMatch(/started on/);
});

test('only these very pods are let go, not others of their names', async () => {
  const deleted: string[] = [];
  const api = { deletePod: async (...which: string[]) => deleted.push(which.join('/')) } as unknown as ClusterApi;
  await stuckPods.apply({ api } as ClusterDeps, seen(lostNode), wish());
  expect(deleted).toEqual(['default/of-a-set/of-a-set', 'default/leaving/leaving']);
});

test('nothing waits on a node that is Ready, unless another system answers for it by now', () => {
  expect(letGo(seen({ ...lostNode, ready: true }))).toEqual(expected);
  expect(letGo(seen({ ...lostNode, ready: true }, 'old'))).toEqual([]);
});
