import { z } from 'zod';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { manifestsField } from '../cluster/manifests-field.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { daemonSetsOf, isOfBefore, podsOf } from './daemonset-pods.ts';

const schema = z.strictObject({ content: manifestsField });

type Desired = z.output<typeof schema>;

const oldPods = (view: ClusterView, desired: Desired): readonly PodState[] =>
  daemonSetsOf(desired.content).flatMap((daemonSet) =>
    view.hosts.flatMap((host) =>
      podsOf(view, host, daemonSet).filter((pod) => !pod.isLeaving && isOfBefore(pod, daemonSet)),
    ),
  );

/** Pods of a DaemonSet with the settings of before end all together, where Kubernetes would take one node after another. */
export const daemonsetAnew = defineClusterOperation({
  scope: 'cluster',
  name: 'daemonset_anew',
  summary: 'pods of a DaemonSet that run with settings of before have been told to end, all at once',
  schema,
  readsPods: true,
  countsAsChange: true,
  diff: (view, desired) =>
    oldPods(view, desired).map(({ name, node }) => ({
      subject: `pod ${name}`,
      action: `made anew on ${node}, together with the others`,
    })),
  async apply({ api, progress }, view, desired) {
    const pods = oldPods(view, desired);
    const answers = await Promise.all(pods.map((pod) => api.evict(pod)));
    const stays = answers.flatMap((why, index) => (why === undefined ? [] : [`${pods[index]?.name}: ${why}`]));
    // the rollout takes those, one after another
    if (stays.length > 0) progress(stays.join(', '));
    return `${pods.length - stays.length} pods are made anew`;
  },
});
