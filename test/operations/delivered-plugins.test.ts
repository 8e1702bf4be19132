import { expect, test } from 'vitest';
import type { ProvisionError } from '../../src/errors.ts';
import type { PodState } from '../../src/kubernetes/cluster/cluster.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';
import { daemonsetRolledOut } from '../../src/operations/flannel/daemonset-rolled-out.ts';
import { awaitedPlugins } from '../../src/operations/network/awaited-plugins.ts';
import { deliveredPlugins } from '../../src/operations/network/delivered-plugins.ts';
import { imagePushed } from '../../src/operations/runtime/image-pushed.ts';
import { changesOf, viewOfOne } from './case.ts';
import { readyPod } from './pods.ts';

const plugin = (name: string, digit: string) => ({ name, sha256: digit.repeat(64) });
const wish = { directory: '/opt/cni/bin', plugins: [plugin('bridge', 'a'), plugin('flannel', 'b')] };
const listed = (name: string, digit: string): string => `listed ${digit.repeat(64)}  ${name}`;

test.each<[string, readonly string[], readonly string[]]>([
  ['nothing is known yet', [], ['bridge, flannel']],
  ['the same is known', [listed('bridge', 'a'), listed('flannel', 'b')], []],
  ['another one was', [listed('bridge', 'c'), listed('flannel', 'b')], ['bridge']],
  ['one goes', [listed('bridge', 'a'), listed('flannel', 'b'), listed('old', 'd')], ['bridge, flannel']],
])('plugins are awaited: %s', (_, output, expected) => {
  expect(changesOf(awaitedPlugins, wish, output.join('\n'))).toEqual(
    expected.map((names) => `/opt/cni/bin: await from the pods of flannel: ${names}`),
  );
});

test.each<[string, string, readonly string[]]>([
  ['all are there, as they were seen', '', []],
  ['one is not', 'lacking bridge', ['/opt/cni/bin: has from the image: bridge']],
  ['one was not looked at yet', 'unnoted flannel', ['/opt/cni/bin: noted as those of the image: flannel']],
])('plugins have been delivered: %s', (_, output, expected) => {
  expect(changesOf(deliveredPlugins, wish, output)).toEqual(expected);
});

const content = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: ds, namespace: n }
spec: { template: { spec: { containers: [] } } }`;
const desired = daemonsetRolledOut.schema.parse({ content, timeout_seconds: 1, hold_seconds: 0 }) as never;
const pod = (more: Partial<PodState> = {}) =>
  readyPod('ds-1', {
    namespace: 'n',
    owner: { uid: 'u', kind: 'DaemonSet', title: 'DaemonSet ds' },
    startedAt: 90,
    ...more,
  });
const view = (lacking: readonly string[], pods: readonly PodState[]): ClusterView =>
  viewOfOne({
    pods,
    looks: new Map([
      ['a', [{ operation: 'delivered_plugins', desired: {}, actual: { lacking, unnoted: [], at: 100 } }]],
    ]),
  });

test('a pod whose node has lost plugins is made anew, once; one that is to be replaced anyway is not', async () => {
  const diff = (one: ClusterView) => daemonsetRolledOut.diff(one, desired).map(({ action }) => action);
  expect(diff(view([], [pod()]))).toEqual([]);
  expect(diff(view(['bridge'], [pod()]))).toEqual(['its pod is made anew on a']);
  expect(diff(view(['bridge'], [pod({ startedAt: 101 })]))).toEqual([]);
  expect(diff(view(['bridge'], []))).toEqual(['gets a Ready pod on a']);
  expect(diff(view(['bridge'], [pod({ isReady: false })]))).toEqual(['gets a Ready pod on a']);

  const evicted: string[] = [];
  let pods = [pod()];
  const deps = {
    api: {
      evict: (one: PodState) => {
        evicted.push(one.uid);
        pods = [pod({ uid: 'another', name: 'ds-2', startedAt: 110 })];
        return Promise.resolve(undefined);
      },
      watchUntil: (_kind: string, _time: number, isSo: () => Promise<boolean>) => isSo(),
    },
    look: () => Promise.resolve(view(['bridge'], pods)),
    progress: () => {},
  } as unknown as ClusterDeps;
  expect(await daemonsetRolledOut.apply(deps, view(['bridge'], pods), desired)).toBe('1 pod Ready');
  expect(evicted).toEqual([pod().uid]);
});

/** Waits for pods that never get Ready; each look sees the next of these states, and then the last one again. */
async function waitInVain(states: readonly (readonly PodState[])[]) {
  const told: string[] = [];
  const left = [...states];
  const look = () => Promise.resolve(view([], (left.length > 1 ? left.shift() : left[0]) ?? []));
  const watchUntil = async (_kind: string, _time: number, isSo: () => Promise<boolean>) => {
    for (const _ of states) await isSo();
  };
  const deps = { api: { watchUntil }, look, progress: (detail: string) => told.push(detail) };
  const error = await Promise.resolve(
    daemonsetRolledOut.apply(deps as unknown as ClusterDeps, view([], []), desired),
  ).catch((error: unknown) => error as ProvisionError);
  return { told, error };
}

test('a pod whose image cannot be pulled is told while it is waited for, and in the end, also between two tries', async () => {
  const waits = (reason: string) => [pod({ isReady: false, runs: false, reason })];
  const pulling = 'ErrImagePull: rpc error: lookup r.example: no such host';
  const { told, error } = await waitInVain([
    waits('ContainerCreating'),
    waits(pulling),
    waits('ImagePullBackOff: Back-off pulling image "r.example/x:1"'),
  ]);
  expect(told).toEqual([
    '0 of 1 pod Ready: ContainerCreating on a',
    '0 of 1 pod Ready: ErrImagePull on a',
    '0 of 1 pod Ready: ErrImagePull on a',
  ]);
  expect(error).toMatchObject({
    code: 'PODS_NOT_READY',
    why: `a: the pod ds-1 is not Ready: ${pulling}`,
    fix: 'The image cannot be pulled: it belongs into artifacts.images, or images.registry names where it is.',
  });
});

test('of an init container the reason is told as well; for anything but an image the log says more', async () => {
  const init = 'install-cni-plugins: ImagePullBackOff: Back-off pulling image "x:1"';
  expect((await waitInVain([[pod({ isReady: false, reason: init })]])).told).toEqual([
    '0 of 1 pod Ready: ImagePullBackOff on a',
  ]);
  const { told, error } = await waitInVain([[pod({ isReady: false })]]);
  expect(told).toEqual(['0 of 1 pod Ready']);
  expect(error).toMatchObject({ fix: 'See what it says: kubectl -n n logs daemonset/ds --all-containers.' });
});

test('an image is pushed where its registry has not got it', async () => {
  const push = { image: 'r.example/x:1' };
  const seen = view([], []);
  expect(imagePushed.diff({ ...seen, hasImage: true }, push)).toEqual([]);
  expect(imagePushed.diff({ ...seen, hasImage: false }, push)).toEqual([
    { subject: 'image r.example/x:1', action: 'push it' },
  ]);
  const deps = { pushImage: (image: string) => Promise.resolve(`pushed ${image}`), progress: () => {} };
  expect(await imagePushed.apply(deps as unknown as ClusterDeps, seen, push)).toBe('pushed r.example/x:1');
});
