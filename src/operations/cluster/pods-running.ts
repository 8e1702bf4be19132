import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { findMissing, ran } from './pods-missing.ts';

const schema = z.strictObject({
  timeout_seconds: z.number().int().positive().default(300).describe('how long pods may take to run again'),
});

const nodesOf = ({ changing }: ClusterView): readonly string[] => changing.flatMap(({ nodeName }) => nodeName ?? []);

/** Pods whose nodes the batch has changed. */
const shaken = (view: ClusterView): readonly PodState[] =>
  (view.podsBefore ?? []).filter((pod) => nodesOf(view).includes(pod.node) && ran(pod));

/** What ran on the nodes of the batch before it runs again: there, or where its owner has made it anew. */
export const podsRunning = defineClusterOperation({
  scope: 'cluster',
  name: 'pods_running',
  summary: 'what ran on changed nodes before runs again, there or elsewhere',
  schema,
  comparesPods: 'batch',
  diff(view) {
    const pods = view.batchChanged ? shaken(view) : [];
    if (pods.length === 0) return [];
    const nodes = nodesOf(view).filter((node) => pods.some((pod) => pod.node === node));
    return [{ subject: `Pods of ${nodes.join(', ')}`, action: 'run again as before' }];
  },
  async apply({ api, progress }, view, { timeout_seconds }) {
    const { podsBefore = [] } = view;
    const nodes = nodesOf(view);
    const namespaces = [...new Set(shaken(view).map(({ namespace }) => namespace))];
    let missing: readonly string[] = [];
    const areBack = async (): Promise<boolean> => {
      const now = (await Promise.all(namespaces.map((namespace) => api.podsIn(namespace)))).flat();
      missing = findMissing(nodes, podsBefore, now);
      if (missing.length > 0) progress(`pods that do not run yet: ${missing.join('; ')}`);
      return missing.length === 0;
    };
    if (await api.watchUntil('pods', timeout_seconds * 1000, areBack)) return `all that ran on ${nodes.join(', ')}`;
    throw new ProvisionError({
      code: 'PODS_NOT_RUNNING',
      kind: 'cluster',
      what: `pods that ran before the change of ${nodes.join(', ')} do not run again after ${timeout_seconds} s`,
      why: missing.join('\n'),
      fix: 'Mend what these lines name (kubectl describe pod says more), then run again.',
    });
  },
});
