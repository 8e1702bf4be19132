import { expect, test } from 'vitest';
import type { ClusterApi, NodeState } from '../../src/kubernetes/cluster/cluster.ts';
import type { Manifest } from '../../src/kubernetes/cluster/manifest.ts';
import { recordNode } from '../../src/kubernetes/cluster/node-record.ts';
import { nodeObject } from '../../src/operations/cluster/node-object.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';

const node = (name: string, podCidr: string, more: Partial<NodeState> = {}): NodeState => ({
  name,
  podCidr,
  podCidrs: [podCidr],
  addresses: ['10.0.0.21'],
  machineId: name,
  ready: true,
  reason: '',
  heartbeatAt: 0,
  leaseAt: 0,
  labels: { zone: 'a' },
  annotations: { 'example.org/rack': '7', 'flannel.alpha.coreos.com/public-ip': '10.0.0.21' },
  taints: [
    { key: 'gpu', value: 'yes', effect: 'NoSchedule', timeAdded: new Date() },
    { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
  ],
  isCordoned: true,
  version: '1',
  ...more,
});

const view = (nodes: readonly NodeState[]): ClusterView => ({
  snapshot: { nodes, leader: undefined },
  hosts: [],
  changing: [],
  others: [],
  changed: false,
  batchChanged: false,
  verify: false,
});

const lost = node('b', '10.5.2.0/24');
const wish = (more: object = {}) =>
  nodeObject.schema.parse({ node: 'b', recorded: recordNode(lost), cluster_cidr: '10.5.0.0/16', ...more });
const codeOf = (nodes: readonly NodeState[], desired = wish()): string | undefined => {
  try {
    nodeObject.refuse?.(view(nodes), desired);
    return undefined;
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};

/** An API whose Nodes change with what is written, and with what others do after the n-th look. */
function api(nodes: readonly NodeState[], intruder?: NodeState) {
  const made: Manifest[] = [];
  const deleted: string[] = [];
  let all = nodes;
  const fake = {
    snapshot: async () => ({ nodes: all, leader: undefined }),
    objects: {
      async create(manifest: Manifest) {
        made.push(manifest);
        all = [...all, node(manifest.metadata.name, '10.5.2.0/24'), ...(intruder ? [intruder] : [])];
      },
    },
    async deleteNode(name: string) {
      deleted.push(name);
    },
  } as unknown as ClusterApi;
  return { deps: { api: fake } as ClusterDeps, made, deleted };
}

test('a Node that is there is kept as it is', async () => {
  expect(nodeObject.diff(view([lost]), wish())).toEqual([]);
  expect(nodeObject.diff(view([lost, node('x', '10.5.2.0/24')]), wish())).toEqual([]);
});

test('one that is gone is made anew from what runs have seen of it, with a capacity for old kubelets', async () => {
  const { deps, made } = api([node('a', '10.5.1.0/24')]);
  const seen = view([node('a', '10.5.1.0/24')]);
  expect(nodeObject.diff(seen, wish()).map(({ action }) => action)).toEqual(['make it anew with 10.5.2.0/24']);
  await nodeObject.apply(deps, seen, wish());
  expect(made).toEqual([
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'b', labels: { zone: 'a' }, annotations: { 'example.org/rack': '7' } },
      spec: {
        podCIDR: '10.5.2.0/24',
        podCIDRs: ['10.5.2.0/24'],
        taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
        unschedulable: true,
      },
      status: { capacity: { pods: '0' }, allocatable: { pods: '0' } },
    },
  ]);
});

test('a cordon of a run is no property of a Node', () => {
  const mark = { run: 'run-1', wasCordoned: false, isKept: false };
  expect(recordNode(node('b', '10.5.2.0/24', { cordon: mark })).unschedulable).toBe(false);
  expect(recordNode(node('b', '10.5.2.0/24', { cordon: { ...mark, wasCordoned: true } })).unschedulable).toBe(true);
});

test('refused where no podCIDR is known, or it is not to be had', () => {
  const a = node('a', '10.5.1.0/24');
  expect(codeOf([a])).toBeUndefined();
  expect(codeOf([a], wish({ recorded: undefined }))).toBe('NODE_NOT_RECORDED');
  expect(codeOf([a], wish({ recorded: undefined, pod_cidr: '10.5.3.0/24' }))).toBeUndefined();
  expect(codeOf([a, node('c', '10.5.2.0/24')])).toBe('NODE_RANGE_TAKEN');
  expect(codeOf([a, node('c', '10.5.2.0/25')])).toBe('NODE_RANGE_TAKEN');
  expect(codeOf([a, node('c', '10.5.2.0/24')], wish({ pod_cidr: '10.5.3.0/24' }))).toBeUndefined();
  expect(codeOf([a], wish({ pod_cidr: '10.6.3.0/24' }))).toBe('NODE_RANGE_OUTSIDE');
});

test('taken in the very moment it was made: it goes again', async () => {
  const { deps, deleted } = api([], node('c', '10.5.2.0/24'));
  await expect(nodeObject.apply(deps, view([]), wish())).rejects.toMatchObject({ code: 'NODE_RANGE_TAKEN' });
  expect(deleted).toEqual(['b']);
});

test('taken between the look and the change: nothing is made', async () => {
  const { deps, made } = api([node('c', '10.5.2.0/24')]);
  await expect(nodeObject.apply(deps, view([]), wish())).rejects.toMatchObject({ code: 'NODE_RANGE_TAKEN' });
  expect(made).toEqual([]);
});
