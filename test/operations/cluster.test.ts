import { describe, expect, it } from 'vitest';
import { ProvisionErrors } from '../../src/errors.ts';
import type { NodeState } from '../../src/kubernetes/cluster/cluster.ts';
import { nodeReady } from '../../src/operations/cluster/node-ready.ts';
import { podCidrs } from '../../src/operations/cluster/pod-cidrs.ts';
import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { datapath } from '../../src/operations/network/datapath.ts';
import { viewOfOne } from './case.ts';

const startedAt = 1_700_000_020.5;

const node = (name: string, more: Partial<NodeState> = {}): NodeState => ({
  name,
  podCidr: '10.5.0.0/24',
  addresses: ['10.0.0.21'],
  machineId: name,
  ready: true,
  reason: '',
  heartbeatAt: startedAt + 5,
  leaseAt: startedAt + 5,
  labels: {},
  taints: [],
  isCordoned: false,
  version: '1',
  ...more,
});

const host = (name: string, unit: string) => ({
  name,
  nodeName: name,
  facts: parseFacts(
    `hostname ${name}\nnow 1700000100.5 100.5\nunit Id=${unit}\nunit ActiveState=active\nunit ExecMainStartTimestampMonotonic=20500000\n`,
  ),
});

const view = (nodes: readonly NodeState[], more: Partial<ClusterView> = {}): ClusterView =>
  viewOfOne({ snapshot: { nodes, leader: undefined }, hosts: [host('node1', 'kubelet.service')], ...more });

describe('node_ready', () => {
  const desired = { unit: 'kubelet.service', timeout_seconds: 1, hold_seconds: 10, only_changed: false };
  it.each([
    ['Ready by the kubelet that runs', {}, {}, []],
    ['not Ready', { ready: false }, {}, ['becomes Ready']],
    ['Ready by a kubelet that is gone: its Lease is older', { leaseAt: startedAt - 1 }, {}, ['becomes Ready']],
    ['Ready by a kubelet that is gone: its heartbeat is older', { heartbeatAt: startedAt - 2 }, {}, ['becomes Ready']],
    ['a heartbeat in the second of the start', { heartbeatAt: Math.floor(startedAt) }, {}, []],
    ['Ready after a change', {}, { batchChanged: true }, ['stays Ready']],
  ] as const)('%s', (_what, state, more, actions) => {
    const changes = nodeReady.diff(view([node('node1', state)], more), desired);
    expect(changes.map((change) => change.action)).toEqual(actions);
  });

  it('a Node that is not there', () => {
    expect(nodeReady.diff(view([]), desired)).toHaveLength(1);
  });
});

describe('pod_cidrs', () => {
  const unit = 'kube-controller-manager.service';
  const desired = { cluster_cidr: '10.5.0.0/16', unit, timeout_seconds: 1 };
  const led = (renewedAt: number, ...nodes: NodeState[]) =>
    view(nodes, {
      snapshot: { nodes, leader: { identity: 'cp1_x', hostname: 'cp1', renewedAt } },
      hosts: [host('cp1', unit)],
    });

  it.each([
    ['every Node has one and the leader is young enough', led(startedAt + 1, node('a')), []],
    ['the lock was renewed by an older process', led(startedAt - 1, node('a')), ['gets a leader']],
    ['nobody leads', view([node('a')]), ['gets a leader']],
    ['a Node has none', led(startedAt + 1, node('a', { podCidr: undefined })), ['gets a podCIDR']],
  ])('%s', (_what, seen, actions) => {
    expect(podCidrs.diff(seen, desired).map((change) => change.action)).toEqual(actions);
  });

  it.each([
    ['outside the range', [node('a', { podCidr: '10.6.0.0/24' })]],
    ['twice the same', [node('a'), node('b')]],
  ])('%s is refused', (_what, nodes) => {
    expect(() => podCidrs.diff(led(startedAt + 1, ...nodes), desired)).toThrow(ProvisionErrors);
  });
});

describe('datapath', () => {
  const desired = {
    image: 'busybox:1',
    namespace: 'default',
    timeout_seconds: 1,
    beyond_batch: false,
    with_every_node: false,
  };
  const two = [host('node1', 'kubelet.service'), host('node2', 'kubelet.service')];
  it('is proven after a change, and when asked to', () => {
    expect(datapath.diff(view([], { hosts: two }), desired)).toEqual([]);
    expect(datapath.diff(view([], { hosts: two, changed: true }), desired)).toHaveLength(1);
    expect(datapath.diff(view([], { hosts: two, verify: true }), desired)).toHaveLength(1);
    const unproven = two.map((one) => ({ ...one, facts: { ...one.facts, isUnproven: true } }));
    expect(datapath.diff(view([], { hosts: unproven }), desired), 'a run ended before its proof').toHaveLength(1);
    expect(datapath.diff(view([], { changed: true }), desired), 'one node').toEqual([]);
  });

  it('says what keeps it from being proven, if it is due', () => {
    const notDone = (image: string | null, more: Partial<ClusterView>) =>
      datapath.notDone?.(view([], more), { ...desired, image });
    expect(notDone(null, { hosts: two, changed: true })).toContain('verify.image');
    expect(notDone('busybox:1', { changed: true })).toContain('two nodes');
    expect(notDone(null, { hosts: two })).toBeUndefined();
    expect(notDone('busybox:1', { hosts: two, changed: true })).toBeUndefined();
  });

  describe('beyond the batch', () => {
    const beyond = { ...desired, beyond_batch: true };
    const batch = ['node1', 'node2'].map((name) => host(name, 'kubelet.service'));
    const startedAfter = (name: string, seconds: number) => ({
      ...host(name, 'kubelet.service'),
      facts: parseFacts(
        `hostname ${name}\nnow 1700000100.5 100.5\nunit Id=kubelet.service\nunit ActiveState=active\nunit ExecMainStartTimestampMonotonic=${seconds}000000\n`,
      ),
    });
    const around = (more: Partial<ClusterView> = {}) =>
      view(
        ['node1', 'node2', 'node3', 'node4', 'node5'].map((name) => node(name, { ready: name !== 'node5' })),
        {
          hosts: batch,
          changing: batch.slice(0, 1),
          others: [startedAfter('node3', 60), startedAfter('node4', 30), startedAfter('node5', 10)],
          changed: true,
          batchChanged: true,
          ...more,
        },
      );
    const between = (more: Partial<ClusterView> = {}) =>
      datapath.diff(around(more), beyond).map(({ action }) => action);

    it('takes in the Ready node whose services have run the longest', () => {
      expect(between()).toEqual(['is proven between node1, node4']);
      expect(between({ others: [startedAfter('node4', 30), startedAfter('node3', 30)] }), 'equal: by name').toEqual([
        'is proven between node1, node3',
      ]);
    });

    it('has nothing to prove where nothing changed in the batch, unless it is asked for or an earlier run did not', () => {
      expect(between({ batchChanged: false })).toEqual([]);
      expect(between({ changing: [] })).toEqual([]);
      expect(datapath.notDone?.(around({ changing: [] }), { ...beyond, image: null })).toBeUndefined();
      expect(between({ changing: [], verify: true })).toEqual(['is proven between node1, node2, node4']);
      const unproven = batch.map((one) => ({
        ...one,
        facts: { ...one.facts, isUnproven: one.name === 'node2' },
      }));
      expect(between({ changing: [], batchChanged: false, hosts: unproven })).toEqual([
        'is proven between node2, node4',
      ]);
      expect(
        between({ changing: [], batchChanged: false, hosts: unproven, others: [] }),
        'nothing is left to change on any host',
      ).toEqual(['is proven between node2, node1']);
    });

    it('takes in one that --limit leaves out where there is no other one', () => {
      const alone = { others: [], hosts: batch.slice(0, 1) };
      expect(between({ ...alone, leftOut: ['node9', 'node4'] })).toEqual(['is proven between node1, node4']);
      expect(between({ ...alone, leftOut: ['node9'] }), 'it is no Ready Node').toEqual([]);
    });

    it('takes two nodes', () => {
      const alone = { others: [], hosts: batch.slice(0, 1) };
      expect(datapath.notDone?.(around(alone), beyond)).toContain('two nodes');
      expect(between(alone)).toEqual([]);
      expect(between({ others: [], changing: batch })).toEqual(['is proven between node1, node2']);
    });
  });
});
