import { ProvisionError } from '../../errors.ts';
import type { ClusterApi, NodeState } from '../../kubernetes/cluster/cluster.ts';

/** How often a Node is read again that others write at the same time. */
const mostTries = 10;

/** Patches a Node as it is now; `fields` gives back undefined where there is nothing to do. Throws NODE_BUSY. */
export async function writeNode(
  api: ClusterApi,
  name: string,
  fields: (node: NodeState) => object | undefined,
): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const node = (await api.snapshot()).nodes.find((one) => one.name === name);
    const wanted = node && fields(node);
    if (!node || !wanted) return;
    if ((await api.patchNode(node, wanted)) !== undefined) return;
  }
  throw new ProvisionError({
    code: 'NODE_BUSY',
    kind: 'cluster',
    what: `the Node ${name} is written by somebody else all the time`,
    fix: `Look who writes it: kubectl get node ${name} --show-managed-fields -o yaml. Then run again.`,
  });
}
