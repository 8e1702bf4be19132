import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { type ClusterHost, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  unit: z.string().describe('the kubelet unit, whose last lines are told where it does not come about'),
  timeout_seconds: z.number().int().positive().default(120).describe('how long to wait'),
});

const nodeOf = ({ snapshot }: ClusterView, { nodeName }: ClusterHost) =>
  snapshot.nodes.find((node) => node.name === nodeName);

const waiting = (view: ClusterView): readonly ClusterHost[] =>
  view.hosts.filter((host) => !nodeOf(view, host)?.podCidr);

/** Done when the kubelet of every host has registered its Node, and the Node has a podCIDR. */
export const nodeRegistered = defineClusterOperation({
  scope: 'cluster',
  name: 'node_registered',
  summary: 'the kubelets of new nodes have registered their Nodes, and those have podCIDRs',
  schema,
  diff: (view) =>
    waiting(view).map((host) => ({
      subject: `Node ${host.nodeName ?? host.name}`,
      action: nodeOf(view, host) ? 'gets a podCIDR' : 'is registered and gets a podCIDR',
    })),
  irreversible: 'a Node stays until it is deleted, with kubectl delete node',
  async apply(deps, first, { unit, timeout_seconds }) {
    let view = first;
    const met = await deps.api.watchUntil('nodes', timeout_seconds * 1000, async () => {
      view = await deps.look();
      deps.progress(`${view.hosts.length - waiting(view).length} of ${view.hosts.length} Nodes registered`);
      return waiting(view).length === 0;
    });
    const [host] = waiting(view);
    if (met || host === undefined) return `${view.hosts.map(({ nodeName }) => nodeName).join(', ')} registered`;
    throw new ProvisionError({
      code: 'NODE_NOT_REGISTERED',
      kind: 'cluster',
      what: nodeOf(view, host)
        ? `the Node ${host.nodeName} has no podCIDR after ${timeout_seconds} s`
        : `the kubelet of ${host.name} has not registered the Node ${host.nodeName} after ${timeout_seconds} s`,
      why: await deps.lastLines(host.name, unit),
      fix: nodeOf(view, host)
        ? 'See that a controller-manager leads with --allocate-node-cidrs, and that the pod range has room for another Node.'
        : 'See what the kubelet says above; its kubeconfig has to be one for system:node:NAME of the group system:nodes.',
    });
  },
});
