import { expect, test } from 'vitest';
import { nodeRemoved } from '../../src/operations/cluster/node-removed.ts';
import { nodeUnused } from '../../src/operations/cluster/node-unused.ts';
import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { podsEnded } from '../../src/operations/runtime/pods-ended.ts';
import { nodeLeftovers } from '../../src/operations/system/node-leftovers.ts';
import { takeBackAll } from '../../src/operations/take-back/take-back-all.ts';
import { readyNode } from '../node-state.ts';
import { changesOf } from './case.ts';
import { readyPod } from './pods.ts';

const host = { name: 'h', nodeName: 'a', facts: parseFacts('') };
const view = (more: Partial<ClusterView>): ClusterView => ({
  snapshot: { nodes: [readyNode('a'), readyNode('b')], leader: undefined },
  hosts: [host],
  changing: [host],
  others: [],
  changed: false,
  batchChanged: false,
  verify: false,
  ...more,
});

const step = (run: string, task: string): string => `step ${run} ${JSON.stringify({ stage: 's', task })}`;
const sum = 'a'.repeat(64);

test('all runs are told by their files and by each task once', () => {
  const seen = [
    step('2', 'a file'),
    step('1', 'a file'),
    step('1', 'a unit'),
    'file absent /a',
    `file file:644:0:0:${sum} /b c`,
  ];
  expect(changesOf(takeBackAll, { force: false }, seen.join('\n'))).toEqual([
    '/a: remove',
    '/b c: as before',
    'a file: take back',
    'a unit: take back',
  ]);
  expect(takeBackAll.writes?.({ force: false }, takeBackAll.parse(seen.join('\n'), { force: false }))).toEqual([
    { path: '/a', sha256: null },
    { path: '/b c', sha256: sum },
  ]);
  expect(changesOf(takeBackAll, { force: false }, '')).toEqual([]);
});

test('what somebody changed stops it, unless forced', () => {
  const seen = [step('1', 'a file'), 'drift - /a', 'drift 2 /b'].join('\n');
  expect(changesOf(takeBackAll, { force: false }, seen)).toEqual(['DRIFTED']);
  expect(changesOf(takeBackAll, { force: true }, seen)).toEqual([
    '/a: overwrite, a copy goes below /var/backups',
    '/b: overwrite, a copy goes below /var/backups',
    'a file: take back',
  ]);
});

test('pods end and leftovers go where provision has made the node, and nothing where it has not', () => {
  expect(changesOf(podsEnded, {}, 'unit kubelet.service\nprocesses 4\nnetwork cni-1\nnetwork cni-2')).toEqual([
    'kubelet.service: stop',
    'pods: end their 4 processes',
    'pods: remove their 2 networks',
  ]);
  expect(changesOf(podsEnded, {}, '')).toEqual([]);
  const seen =
    'folder /var/lib/kubelet\nfile /opt/k8s/ssl/kubelet.key\nstays /var/lib/cni\nrule a filter -N KUBE-FORWARD';
  expect(changesOf(nodeLeftovers, { drained: false }, seen)).toEqual([
    '/var/lib/kubelet: remove, programs of ours have made it',
    '/opt/k8s/ssl/kubelet.key: remove, programs of ours have made it',
    'iptables: remove 1 chains and rules of kubelet and kube-proxy',
  ]);
  expect(changesOf(nodeLeftovers, { drained: false }, 'stays /var/lib/cni')).toEqual([]);
});

test('a node that runs pods is refused by their names, but for those that belong to it', () => {
  const daemon = readyPod('logs', { owner: { uid: 'ds', kind: 'DaemonSet', title: 'DaemonSet logs' } });
  const fixed = readyPod('etcd-a', { isStatic: true });
  const elsewhere = readyPod('far', { node: 'b' });
  const used = view({ pods: [daemon, fixed, elsewhere, readyPod('shop'), readyPod('going', { isLeaving: true })] });
  expect(() => nodeUnused.diff(used, { force: false })).toThrow(
    expect.objectContaining({ code: 'NODE_IN_USE', why: 'default/shop\ndefault/going' }),
  );
  expect(nodeUnused.diff(used, { force: true })).toEqual([]);
  expect(nodeUnused.notDone?.(used, { force: true })).toContain('default/shop, default/going');
  expect(nodeUnused.diff(view({ pods: [daemon, fixed, elsewhere] }), { force: false })).toEqual([]);
  expect(nodeUnused.diff({ ...used, changing: [] }, { force: false })).toEqual([]);
});

test('the Node of the host alone is deleted', () => {
  expect(nodeRemoved.diff(view({}), {}).map(({ subject }) => subject)).toEqual(['Node a']);
  expect(nodeRemoved.diff(view({ snapshot: { nodes: [readyNode('b')], leader: undefined } }), {})).toEqual([]);
});
