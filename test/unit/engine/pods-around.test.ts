import { expect, test } from 'vitest';
import { podsAround } from '../../../src/engine/pods-around.ts';
import { readyPod } from '../../operations/pods.ts';

const daemon = { uid: 'ds', kind: 'DaemonSet', title: 'DaemonSet logs' };
const pods = [
  readyPod('shop-1'),
  readyPod('shop-2', { node: 'b' }),
  readyPod('shop-3', { node: '' }),
  readyPod('shop-of-another', { node: 'b', namespace: 'test' }),
  readyPod('cache-1', { node: 'b', owner: { uid: 'c', kind: 'ReplicaSet', title: 'Deployment cache' } }),
  readyPod('logs-1', { owner: daemon }),
  readyPod('logs-2', { node: 'b', owner: daemon }),
  readyPod('bare', { namespace: 'alone', owner: undefined }),
];

test('the pods on nodes, and what may stand in for them elsewhere; no other namespace is read', async () => {
  const read: string[] = [];
  const api = {
    podsOn: async (nodes: readonly string[]) => pods.filter((pod) => nodes.includes(pod.node)),
    async podsIn(namespace: string) {
      read.push(namespace);
      return pods.filter((pod) => pod.namespace === namespace);
    },
  };
  const around = await podsAround(api, ['a']);
  expect(around.map(({ name }) => name)).toEqual(['shop-1', 'logs-1', 'bare', 'shop-2', 'shop-3']);
  expect(read).toEqual(['default']);
});
