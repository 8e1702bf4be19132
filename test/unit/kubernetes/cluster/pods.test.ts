import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import {
  describePod,
  makerOf,
  proofLabel,
  staysOnNode,
  strandedPods,
} from '../../../../src/kubernetes/cluster/pods.ts';
import { readyNode } from '../../../node-state.ts';

const pod = (podIP: string | undefined, more: Partial<V1Pod> = {}, nodeName = 'a'): V1Pod => ({
  metadata: { namespace: 'default', name: 'p', uid: 'u' },
  spec: { nodeName, containers: [] },
  status: { phase: 'Running', ...(podIP && { podIP }) },
  ...more,
});

const nodes = [readyNode('a', '10.5.1.0/24'), readyNode('new', undefined)];
const isStranded = (one: V1Pod) => strandedPods([describePod(one)], nodes).length === 1;

describe('pods left outside the pod network', () => {
  it.each<[string, V1Pod, boolean]>([
    ['on docker0', pod('172.17.0.2'), true],
    ['of the Node', pod('10.5.1.7'), false],
    ["with an address of another Node's range", pod('10.5.2.7'), true],
    ['without an address yet', pod(undefined), false],
    ['on a Node without a range', pod('172.17.0.2', {}, 'new'), true],
    [
      'on the network of its host',
      pod('10.0.0.9', { spec: { nodeName: 'a', hostNetwork: true, containers: [] } }),
      false,
    ],
    ['that has ended', pod(undefined, { status: { phase: 'Succeeded', podIP: '172.17.0.2' } }), false],
    ['on its way out', pod('172.17.0.2', { metadata: { deletionTimestamp: new Date() } }), false],
    ['that does not run well', pod(undefined, { status: { phase: 'Pending', podIP: '172.17.0.2' } }), true],
  ])('%s', (_what, one, expected) => {
    expect(isStranded(one)).toBe(expected);
  });
});

describe('who makes a pod anew', () => {
  const owned = (kind: string, name: string, labels: Record<string, string> = {}) =>
    describePod(
      pod('172.17.0.2', {
        metadata: { labels, ownerReferences: [{ apiVersion: 'v1', kind, name, uid: 'o', controller: true }] },
      }),
    );

  it('nobody', () => {
    expect(describePod(pod('172.17.0.2')).owner).toBeUndefined();
    const without = { apiVersion: 'v1', kind: 'Thing', name: 't', uid: 'o' };
    expect(describePod(pod('172.17.0.2', { metadata: { ownerReferences: [without] } })).owner).toBeUndefined();
  });

  it('its controller; a Deployment is told by its name', () => {
    expect(owned('DaemonSet', 'logs').owner).toEqual({ uid: 'o', kind: 'DaemonSet', title: 'DaemonSet logs' });
    expect(owned('ReplicaSet', 'shop-5f4').owner?.title).toBe('ReplicaSet shop-5f4');
    expect(owned('ReplicaSet', 'shop-5f4', { 'pod-template-hash': '5f4' }).owner?.title).toBe('Deployment shop');
  });

  it('its kubelet, from a manifest', () => {
    expect(owned('Node', 'a').isStatic).toBe(true);
    const mirrored = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
    expect(describePod(pod('172.17.0.2', { metadata: mirrored })).isStatic).toBe(true);
    expect(owned('DaemonSet', 'logs').isStatic).toBe(false);
  });
});

describe('what stands for a pod that goes', () => {
  const of = (kind: string, name: string, labels: Record<string, string> = {}) =>
    describePod(
      pod('10.5.1.7', {
        metadata: {
          namespace: 'shop',
          name: 'p',
          labels,
          ownerReferences: [{ apiVersion: 'v1', kind, name, uid: name, controller: true }],
        },
      }),
    );

  it('a pod of the same Deployment, of whatever ReplicaSet', () => {
    const [old, young] = ['5f4', '6a1'].map((hash) => of('ReplicaSet', `web-${hash}`, { 'pod-template-hash': hash }));
    expect(old && makerOf(old)).toBe('shop/Deployment web');
    expect(young && makerOf(young)).toBe('shop/Deployment web');
  });

  it('what its own kubelet shows under its name, for a static pod; nothing for a bare one', () => {
    expect(makerOf(of('Node', 'a'))).toBe('shop/p');
    expect(makerOf(describePod(pod('10.5.1.7')))).toBeUndefined();
  });

  it('stays on its node: of a DaemonSet, or static', () => {
    expect(['DaemonSet', 'Node', 'ReplicaSet'].map((kind) => staysOnNode(of(kind, 'x')))).toEqual([true, true, false]);
  });

  it('is told from a pod of a proof', () => {
    const made = of('ReplicaSet', 'x', { [proofLabel.key]: proofLabel.value });
    expect([made.isOfProof, of('ReplicaSet', 'x').isOfProof]).toEqual([true, undefined]);
  });
});

it.each<[string, V1Pod['status'], string]>([
  [
    'waits',
    { containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'no' } } }] as never },
    'ErrImagePull: no',
  ],
  [
    'was not taken by the kubelet',
    { phase: 'Failed', reason: 'OutOfpods', message: 'too many' },
    'OutOfpods: too many',
  ],
  [
    'has no node',
    { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes' }] },
    'Unschedulable: 0/2 nodes',
  ],
  ['is well', { phase: 'Running', conditions: [{ type: 'PodScheduled', status: 'True' }] }, ''],
  [
    'has an init container that fails again and again',
    {
      containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }] as never,
      initContainerStatuses: [
        { name: 'done', state: { terminated: { exitCode: 0 } } },
        {
          name: 'unpack',
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
          lastState: { terminated: { exitCode: 1, message: 'bridge is a directory\n' } },
        },
      ] as never,
    },
    'unpack: CrashLoopBackOff: back-off; bridge is a directory',
  ],
  [
    'has an init container whose image is not there, before one that waits for it',
    {
      initContainerStatuses: [
        { name: 'unpack', state: { waiting: { reason: 'ErrImageNeverPull', message: 'not present' } } },
        { name: 'next', state: { waiting: { reason: 'PodInitializing' } } },
      ] as never,
    },
    'unpack: ErrImageNeverPull: not present',
  ],
  [
    'has an init container that has just failed, and one that begins only then',
    {
      initContainerStatuses: [
        { name: 'unpack', state: { terminated: { exitCode: 2 } } },
        { name: 'next', state: { waiting: { reason: 'PodInitializing' } } },
      ] as never,
    },
    'unpack: exit status 2',
  ],
])('why a pod does not run: it %s', (_what, status = {}, reason) => {
  expect(describePod(pod(undefined, { status })).reason).toBe(reason);
});
