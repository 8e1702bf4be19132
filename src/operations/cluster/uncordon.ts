import { z } from 'zod';
import type { NodeState } from '../../kubernetes/cluster/cluster.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { uncordonNode } from './cordon.ts';

const marked = (view: ClusterView): readonly NodeState[] =>
  view.snapshot.nodes.filter((node) => node.cordon && view.hosts.some((host) => host.nodeName === node.name));

/** Nodes that a run of this tool cordoned, this one or an earlier one, take pods again; others' cordons stay. */
export const uncordon = defineClusterOperation({
  scope: 'cluster',
  name: 'uncordon',
  summary: 'Nodes that a run has cordoned take pods again, but for those that were cordoned before',
  schema: z.strictObject({}),
  countsAsChange: true,
  diff: (view) =>
    marked(view).map(({ name, cordon }) => ({
      subject: `Node ${name}`,
      action: cordon?.wasCordoned ? 'stays cordoned, as it was before' : 'takes pods again',
    })),
  async apply({ api }, view) {
    const nodes = marked(view);
    for (const { name } of nodes) await uncordonNode(api, name);
    return `${nodes.map(({ name }) => name).join(', ')} as before the run`;
  },
});
