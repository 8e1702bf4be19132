import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import type { Manifest } from '../../kubernetes/cluster/manifest.ts';
import { lacksImage } from '../../kubernetes/cluster/pods.ts';
import { manifestsField } from '../cluster/manifests-field.ts';
import { type ClusterHost, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { type DeliveredPlugins, deliveredPlugins } from '../network/delivered-plugins.ts';
import { daemonSetsOf, isOfBefore, keepPullErrors, podsOf, tellReasons } from './daemonset-pods.ts';

const schema = z.strictObject({
  content: manifestsField,
  timeout_seconds: z.number().int().positive().default(180).describe('how long its pods may take'),
  hold_seconds: z.number().int().min(0).default(5).describe('how long they have to stay Ready without a restart'),
});

type Desired = z.output<typeof schema>;

const podOf = (view: ClusterView, host: ClusterHost, daemonSet: Manifest): PodState | undefined => {
  const own = podsOf(view, host, daemonSet);
  return own.find((pod) => !pod.isLeaving) ?? own[0];
};

/** Why the pod on that node is not the one that is wanted, or not well yet; undefined when it is. */
function whyNot(view: ClusterView, host: ClusterHost, daemonSet: Manifest): string | undefined {
  if (host.nodeName === undefined) return undefined;
  const pod = podOf(view, host, daemonSet);
  if (pod === undefined) return 'it has no pod there yet';
  if (pod.isLeaving) return `the pod ${pod.name} of before is ending`;
  if (isOfBefore(pod, daemonSet)) return `the pod ${pod.name} still runs with the settings of before`;
  if (pod.isReady) return undefined;
  const restarts = pod.restarts ? `, started again ${pod.restarts} times` : '';
  return `the pod ${pod.name} is not Ready${pod.reason && `: ${pod.reason}`}${restarts}`;
}

/** Plugins of the host were lost, or others, when its pod ran already: it brings them only when it starts. */
const lacksPlugins = ({ looks }: ClusterView, { name }: ClusterHost, pod: PodState | undefined): boolean => {
  const look = looks?.get(name)?.find(({ operation }) => operation === deliveredPlugins.name);
  const { lacking = [], at = 0 } = (look?.actual ?? {}) as Partial<DeliveredPlugins>;
  return lacking.length > 0 && (pod?.startedAt ?? at) < at;
};

/** Pods that would stay as they are, and have to be made anew. */
const spentPods = (view: ClusterView, desired: Desired): readonly PodState[] =>
  daemonSetsOf(desired.content).flatMap((daemonSet) =>
    view.hosts
      .filter((host) => whyNot(view, host, daemonSet) === undefined)
      .flatMap((host) => {
        const pod = podOf(view, host, daemonSet);
        return pod && lacksPlugins(view, host, pod) ? [pod] : [];
      }),
  );

interface Wait {
  readonly host: ClusterHost;
  readonly daemonSet: Manifest;
  readonly why: string | undefined;
}

const lookAtAll = (view: ClusterView, desired: Desired): readonly Wait[] =>
  daemonSetsOf(desired.content).flatMap((daemonSet) =>
    view.hosts.map((host) => ({ host, daemonSet, why: whyNot(view, host, daemonSet) })),
  );

const starts = (view: ClusterView, desired: Desired): string =>
  daemonSetsOf(desired.content)
    .flatMap((daemonSet) => view.hosts.map((host) => podOf(view, host, daemonSet)))
    .map((pod) => `${pod?.uid} ${pod?.restarts}`)
    .join('\n');

const countReady = (pods: number): string => `${pods} ${pods === 1 ? 'pod' : 'pods'} Ready`;

function notReady({ content, timeout_seconds }: Desired, waiting: readonly Wait[]): ProvisionError {
  const names = daemonSetsOf(content).map(({ metadata: { namespace, name } }) => ({ namespace, name }));
  const logs = names.map(({ namespace, name }) => `kubectl -n ${namespace} logs daemonset/${name} --all-containers`);
  const image = 'The image cannot be pulled: it belongs into artifacts.images, or images.registry names where it is.';
  return new ProvisionError({
    code: 'PODS_NOT_READY',
    kind: 'cluster',
    what: `after ${timeout_seconds} s not every node has a Ready pod of ${names
      .map(({ namespace, name }) => `DaemonSet ${namespace}/${name}`)
      .join(', ')}`,
    why: waiting.map(({ host, why }) => `${host.nodeName}: ${why}`).join('\n'),
    fix: [
      ...(waiting.some(({ why = '' }) => lacksImage(why)) ? [image] : []),
      ...(waiting.every(({ why = '' }) => lacksImage(why)) ? [] : [`See what it says: ${logs.join('; ')}.`]),
    ].join(' '),
  });
}

/** Done when each node of the batch has a Ready pod of every DaemonSet in the manifest, made of its present template, that stays. */
export const daemonsetRolledOut = defineClusterOperation({
  scope: 'cluster',
  name: 'daemonset_rolled_out',
  summary: 'each node of the batch has a Ready pod of a DaemonSet as it is now, which stays without a restart',
  schema,
  readsPods: true,
  diff: (view, desired) =>
    lookAtAll(view, desired).flatMap(({ host, daemonSet, why }) => {
      if (host.nodeName === undefined) return [];
      const isSpent = why === undefined && lacksPlugins(view, host, podOf(view, host, daemonSet));
      if (why === undefined && !isSpent && !view.batchChanged) return [];
      const action = isSpent ? 'its pod is made anew' : why === undefined ? 'its pod stays Ready' : 'gets a Ready pod';
      return [{ subject: `DaemonSet ${daemonSet.metadata.name}`, action: `${action} on ${host.nodeName}` }];
    }),
  async apply(deps, first, desired) {
    const { timeout_seconds, hold_seconds } = desired;
    const deadline = Date.now() + timeout_seconds * 1000;
    let view = first;
    for (const pod of spentPods(first, desired)) {
      const denied = await deps.api.evict(pod);
      deps.progress(`${pod.name} ${denied ? `stays: ${denied}` : 'is made anew'}, for plugins that ${pod.node} lacks`);
    }
    const keep = keepPullErrors();
    const waiting = () => lookAtAll(view, desired).filter(({ why }) => why !== undefined);
    while (Date.now() < deadline) {
      await deps.api.watchUntil('pods', deadline - Date.now(), async () => {
        view = keep(await deps.look());
        const all = lookAtAll(view, desired).length;
        const why = tellReasons(waiting().flatMap(({ host, daemonSet }) => podOf(view, host, daemonSet) ?? []));
        deps.progress(`${all - waiting().length} of ${all} ${all === 1 ? 'pod' : 'pods'} Ready${why && `: ${why}`}`);
        return waiting().length === 0;
      });
      if (waiting().length > 0) break;
      const before = starts(view, desired);
      deps.progress(`Ready, watching ${hold_seconds} s whether they stay`);
      await sleep(hold_seconds * 1000);
      view = keep(await deps.look());
      if (waiting().length === 0 && starts(view, desired) === before)
        return countReady(lookAtAll(view, desired).length);
    }
    throw notReady(desired, waiting());
  },
});
