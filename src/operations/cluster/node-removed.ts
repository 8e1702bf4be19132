import { z } from 'zod';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const namesOf = ({ hosts, snapshot }: ClusterView): readonly string[] =>
  hosts.flatMap(({ nodeName }) => snapshot.nodes.filter(({ name }) => name === nodeName).map(({ name }) => name));

/** No Node object of a host that is a node no more. */
export const nodeRemoved = defineClusterOperation({
  scope: 'cluster',
  name: 'node_removed',
  schema: z.strictObject({}),
  countsAsChange: true,
  irreversible: 'a Node that was deleted is gone; `up` registers it anew, maybe with another podCIDR',
  diff: (view) =>
    namesOf(view).map((name) => ({ subject: `Node ${name}`, action: 'delete: provision has made it a node' })),
  async apply({ api }, view) {
    const names = namesOf(view);
    for (const name of names) await api.deleteNode(name);
    return `${names.join(', ')} is no Node any more`;
  },
});
