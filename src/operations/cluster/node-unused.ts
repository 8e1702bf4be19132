import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { titleOf } from '../../kubernetes/cluster/pods.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { podsOnLeave, podsToEvict } from './drain-pods.ts';

const schema = z.strictObject({
  force: z.boolean().describe('whether pods may run there all the same'),
});

function podsThere({ pods = [], changing }: ClusterView): readonly PodState[] {
  const nodes = changing.flatMap(({ nodeName }) => nodeName ?? []);
  return [...podsToEvict(pods, nodes), ...podsOnLeave(pods, nodes)];
}

/** A node that is about to change runs no pods but those of DaemonSets and of manifests on it. */
export const nodeUnused = defineClusterOperation({
  scope: 'cluster',
  name: 'node_unused',
  schema,
  readsPods: true,
  refuse(view, { force }) {
    const pods = podsThere(view);
    if (pods.length > 0 && !force) throw inUse(pods);
  },
  diff(view, desired) {
    nodeUnused.refuse?.(view, desired);
    return [];
  },
  notDone(view, { force }) {
    const pods = force ? podsThere(view) : [];
    return pods.length === 0 ? undefined : `pods lose their node, or its network: ${pods.map(titleOf).join(', ')}`;
  },
  apply: async () => '',
});

const inUse = (pods: readonly PodState[]): ProvisionError =>
  new ProvisionError({
    code: 'NODE_IN_USE',
    kind: 'cluster',
    what: `${pods.length === 1 ? 'a pod runs' : `${pods.length} pods run`} on ${[...new Set(pods.map(({ node }) => node))].join(', ')}`,
    why: pods.map(titleOf).join('\n'),
    fix: '--drain moves them away first, through the Eviction API; --force goes on all the same.',
  });
