import type { ClusterSnapshot, NodeState } from '../kubernetes/cluster.ts';

/** Another Node whose pods have to be reached. */
export interface Peer {
  readonly name: string;
  readonly pod_cidr: string;
  readonly address: string;
}

/** The Nodes a host needs routes to, in the order of their names; undefined while one of them has no podCIDR. */
export function peersOf(nodeName: string | undefined, snapshot: ClusterSnapshot): readonly Peer[] | undefined {
  const others = snapshot.nodes.filter((node) => node.name !== nodeName).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const peers = others.map(asPeer);
  return peers.every((peer) => peer !== undefined) ? peers : undefined;
}

function asPeer(node: NodeState): Peer | undefined {
  const address = node.addresses[0];
  return node.podCidr && address ? { name: node.name, pod_cidr: node.podCidr, address } : undefined;
}
