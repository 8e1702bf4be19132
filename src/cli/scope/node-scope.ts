import { isIPv4 } from 'node:net';
import { Unknown } from '../../config/expression.ts';
import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import { hostPeers, type Peer, peersOf } from '../../engine/peers.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import { overlayAddressOf } from '../../kubernetes/network/vxlan.ts';

/** What a host is to the pod network, as far as it is known yet; a host without a kubelet has no name and no range. */
export interface NodeScope {
  readonly name: string | null;
  readonly pod_cidr: string | null | Unknown;
  /** Whether the Node is Ready when it is looked at; null without a kubelet. */
  readonly is_ready: boolean | null;
  /** The address its peers know it by; null where only the host itself can tell, or where they need none. */
  readonly address: string | null | Unknown;
  /** That of its VXLAN device. */
  readonly overlay_address: string | null | Unknown;
  readonly peers: readonly Peer[] | Unknown;
}

const unassigned = new Unknown('after every Node has a podCIDR');

/** The variables `node.*` of a host. */
export function nodeScope(
  { name, nodeName }: Pick<Host, 'name' | 'nodeName'>,
  snapshot: ClusterSnapshot,
  inventory: Inventory,
): NodeScope {
  // Kubernetes knows nothing of ranges then, and nothing makes them known
  const goesByEtcd = inventory.settings.network.agent === 'flannel-etcd';
  const later = goesByEtcd ? null : unassigned;
  const peers = goesByEtcd ? [] : (peersOf(nodeName, snapshot) ?? unassigned);
  if (nodeName === undefined) {
    const own = hostsWithoutNode(inventory).find((host) => host.name === name);
    const address = own?.address ?? null;
    const overlay = address === null ? null : overlayAddressOf(address);
    return { name: null, pod_cidr: null, is_ready: null, address, overlay_address: overlay, peers };
  }
  const node = snapshot.nodes.find((one) => one.name === nodeName);
  const unregistered = new Unknown(`after a kubelet has registered the Node ${nodeName}`);
  const podCidr = node ? (node.podCidr ?? later) : unregistered;
  return {
    name: nodeName,
    pod_cidr: podCidr,
    is_ready: node?.ready ?? false,
    address: node ? (node.addresses[0] ?? null) : unregistered,
    overlay_address: typeof podCidr === 'string' ? podCidr.replace(/\/.*/, '') : podCidr,
    peers: peers instanceof Unknown ? peers : [...peers, ...hostPeers(hostsWithoutNode(inventory))],
  };
}

/** With VXLAN nodes have to know them, so that answers come back the way the question went. */
function hostsWithoutNode({ hosts, groups, settings }: Inventory): readonly { name: string; address: string }[] {
  if (settings.network.backend !== 'vxlan') return [];
  return hosts
    .filter((host) => !groups.get('nodes')?.includes(host.name))
    .flatMap((host) => {
      const address = ownAddress(host);
      return address === null ? [] : [{ name: host.name, address }];
    });
}

/** No Node tells it: the one of `network.interface`, or the one the host is reached by. */
function ownAddress(host: InventoryHost | undefined): string | null {
  const said = [host?.settings.network.interface, host?.connection.address];
  return said.find((address) => address !== undefined && isIPv4(address) && !address.startsWith('127.')) ?? null;
}
