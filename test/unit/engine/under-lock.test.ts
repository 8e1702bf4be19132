import { expect, test } from 'vitest';
import type { ClusterLock } from '../../../src/engine/lock.ts';
import { underLock } from '../../../src/engine/under-lock.ts';
import { fakeCluster } from '../../contract/operations.ts';
import { readyNode } from '../../node-state.ts';
import { readyPod } from '../../operations/pods.ts';

test('without the lock no Node is changed and no pod evicted; the cluster can still be read', async () => {
  const { api } = fakeCluster([readyNode('a')]);
  const done: string[] = [];
  const writable = {
    ...api,
    patchNode: async () => {
      done.push('patched');
      return '2';
    },
    evict: async () => {
      done.push('evicted');
      return undefined;
    },
  };
  let isLost = false;
  const confirm = async () => {
    if (isLost) throw new Error('lost');
  };
  const guarded = underLock(writable, { confirm } as unknown as ClusterLock);
  await guarded.patchNode(readyNode('a'), {});
  await guarded.evict(readyPod('s1'));
  isLost = true;
  await expect(guarded.patchNode(readyNode('a'), {})).rejects.toThrow('lost');
  await expect(guarded.evict(readyPod('s1'))).rejects.toThrow('lost');
  expect(done).toEqual(['patched', 'evicted']);
  expect((await guarded.snapshot()).nodes).toHaveLength(1);
});
