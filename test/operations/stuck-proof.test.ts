import type { V1Pod } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import type { Warning } from '../../src/kubernetes/cluster/warnings.ts';
import { tellStuck } from '../../src/operations/network/stuck-proof.ts';

const pending = (node: string, reason: string, message?: string): V1Pod => ({
  metadata: { namespace: 'default', uid: node },
  spec: { nodeName: node, containers: [] },
  status: {
    phase: 'Pending',
    containerStatuses: [
      {
        name: 'server',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason, ...(message && { message }) } },
      },
    ],
  },
});

const told = async (pods: readonly V1Pod[], warnings: Readonly<Record<string, Warning>> = {}) => {
  const { what, why, fix } = await tellStuck(
    { lastWarning: async (_, uid) => warnings[uid] },
    pods,
    'registry/busybox:1',
  );
  return [what, why, fix];
};

const sandbox: Warning = {
  reason: 'FailedCreatePodSandBox',
  message: 'Failed to create pod sandbox: plugin type="bridge" failed (add): exec format error',
};

test('a pod that gets no sandbox is told with the last Warning of it, and the way leads to plugins and agent', async () => {
  expect(await told([pending('a', 'ContainerCreating')], { a: sandbox })).toEqual([
    'a pod of the datapath proof did not get going on a',
    'a: Pending: ContainerCreating: FailedCreatePodSandBox: Failed to create pod sandbox: plugin type="bridge" failed (add): exec format error',
    'A pod gets no network on a: look there at the plugin that the message names, in cni.bin_dir, at the configuration in cni.conf_dir, and whether the network agent runs, which writes /run/flannel/subnet.env.',
  ]);
});

test('of an image that is not there the status says enough', async () => {
  const message = 'Container image "registry/busybox:1" is not present with pull policy of Never';
  expect(await told([pending('a', 'ErrImageNeverPull', message)], { a: sandbox })).toEqual([
    'a pod of the datapath proof did not get going on a',
    `a: Pending: ErrImageNeverPull: ${message}`,
    'See that the nodes have the image registry/busybox:1: a; it is never pulled.',
  ]);
});

test('each node has its own reason, and one without any is told all the same', async () => {
  const [what, why, fix] = await told(
    [pending('a', 'ContainerCreating'), pending('b', 'ErrImagePull'), pending('c', 'ContainerCreating')],
    { a: sandbox },
  );
  expect(what).toBe('a pod of the datapath proof did not get going on a, b, c');
  expect(why?.split('\n').slice(1)).toEqual(['b: Pending: ErrImagePull', 'c: Pending: ContainerCreating']);
  expect(fix).toMatch(
    /have the image registry\/busybox:1: b; .* A pod gets no network on a: .* Check that .* the runtime say: c\.$/,
  );
});

test('where nobody may read events, the rest is told', async () => {
  const lastWarning = () => Promise.reject(new Error('forbidden'));
  const { why } = await tellStuck({ lastWarning }, [pending('a', 'ContainerCreating')], 'x');
  expect(why).toBe('a: Pending: ContainerCreating');
});
