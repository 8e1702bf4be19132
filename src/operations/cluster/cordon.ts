import { z } from 'zod';
import type { ClusterApi, CordonMark, NodeState } from '../../kubernetes/cluster/cluster.ts';
import { cordonAnnotation, writeCordon } from '../../kubernetes/cluster/cordon-mark.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { writeNode } from './write-node.ts';

const nodesOf = (view: ClusterView, hosts: ClusterView['hosts']): readonly NodeState[] =>
  hosts.flatMap((host) => view.snapshot.nodes.filter((node) => node.name === host.nodeName));

/** Nodes about to change, as far as they still take pods: one that somebody else cordoned is left as it is. */
const toCordon = (view: ClusterView) => nodesOf(view, view.changing).filter((node) => !node.isCordoned);

/**
 * Marks the Nodes that are about to change, then cordons them: whoever finds the mark can lift the cordon, also where this
 * run is gone for good.
 */
export const cordon = defineClusterOperation({
  scope: 'cluster',
  name: 'cordon',
  summary: 'Nodes that are about to change take no new pods; one that somebody else cordoned is left as it is',
  schema: z.strictObject({}),
  countsAsChange: true,
  diff: (view) =>
    toCordon(view).map(({ name }) => ({ subject: `Node ${name}`, action: 'takes no new pods until it has changed' })),
  async apply({ api, run }, view) {
    const nodes = toCordon(view);
    for (const { name } of nodes) await cordonNode(api, name, { run, wasCordoned: false, isKept: false });
    return `${nodes.map(({ name }) => name).join(', ')} ${nodes.length === 1 ? 'takes' : 'take'} no new pods`;
  },
});

/** Marks a Node, then cordons it; a Node that another one cordons meanwhile is left to that one. */
export async function cordonNode(api: ClusterApi, name: string, mark: CordonMark): Promise<void> {
  await writeNode(api, name, ({ isCordoned, cordon: earlier }) => {
    // one that carries a mark already was cordoned by a run; one that takes pods again is nobody's
    const wasCordoned = isCordoned && (earlier?.wasCordoned ?? true);
    return { metadata: { annotations: { [cordonAnnotation]: writeCordon({ ...mark, wasCordoned }) } } };
  });
  await writeNode(api, name, (node) => (node.isCordoned ? undefined : { spec: { unschedulable: true } }));
}

/** Takes the mark off a Node, and the cordon unless it was there before. */
export const uncordonNode = (api: ClusterApi, name: string): Promise<void> =>
  writeNode(
    api,
    name,
    ({ cordon: mark }) =>
      mark && {
        metadata: { annotations: { [cordonAnnotation]: null } },
        ...(!mark.wasCordoned && { spec: { unschedulable: null } }),
      },
  );
