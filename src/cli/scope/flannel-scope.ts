import { z } from 'zod';
import { Unknown } from '../../config/expression.ts';
import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import type { ObjectReference } from '../../kubernetes/cluster/manifest.ts';
import { isFlannel } from '../../kubernetes/network/agents.ts';
import { vxlanOverheadBytes } from '../../kubernetes/network/vxlan.ts';
import type { NodeScope } from './node-scope.ts';

/** Where flanneld finds the API and what it shows there, and what it is to find and do; of `flannel` in the scope of a task. */
export const flannelVariables = z.object({
  server: z.string(),
  ca: z.string().optional().describe('PEM in base64'),
  token: z.string(),
  interface: z.string().describe('name or address'),
  is_vxlan: z.boolean(),
  link_mtu: z.number().optional().describe('of the packets that carry those of pods; set where that of pods is'),
  peers: z
    .array(z.object({ name: z.string(), pod_cidr: z.string(), address: z.string() }))
    .describe('the other Nodes whose flanneld has told the API of itself: those it knows the way to'),
});

/** As templates/flannel.rbac.yaml.hbs has it. */
const tokenSecret: ObjectReference = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'provision-flannel-token', namespace: 'kube-system' },
};

/** Nothing where flannel is not the agent. */
export function flannelScope(
  host: Pick<Host, 'name' | 'nodeName'>,
  address: NodeScope['address'],
  inventory: Inventory,
  snapshot: ClusterSnapshot,
) {
  const { agent, backend } = inventory.settings.network;
  if (!isFlannel(agent))
    return { server: null, ca: null, token: null, interface: null, is_vxlan: false, link_mtu: null, peers: [] };
  const { endpoint, objects, nodes } = snapshot;
  const own = inventory.hosts.find(({ name }) => name === host.name)?.settings.network;
  const mtu = own?.mtu;
  return {
    server: own?.flannel.api_server ?? endpoint?.server ?? null,
    ca: endpoint?.ca ?? null,
    // not read at all where --tags leave out what makes it
    token: agent !== 'flannel' ? null : (objects?.token(tokenSecret) ?? new Unknown('after flannel has a credential')),
    interface: own?.interface ?? address ?? new Unknown(`after the Node ${host.nodeName} has an address`),
    is_vxlan: backend === 'vxlan',
    link_mtu: mtu === undefined ? null : mtu + vxlanOverheadBytes,
    peers: nodes.flatMap(({ name, podCidr, flannel }) =>
      name !== host.nodeName && podCidr && flannel?.backend === backend
        ? [{ name, pod_cidr: podCidr, address: flannel.address }]
        : [],
    ),
  };
}
