import type { ClusterSnapshot, NodeState } from '../kubernetes/cluster.ts';

/** Another Node whose pods have to be reached. */
export interface Peer {
  readonly name: string;
  readonly pod_cidr: string;
  readonly address: string;
}

/**
 * The Nodes a host needs routes to, in the order of their names; undefined while one of them has no podCIDR.
 * A Node without an address has no machine behind it yet, so there is no way to it.
 */
export function peersOf(nodeName: string | undefined, snapshot: ClusterSnapshot): readonly Peer[] | undefined {
  const peers = snapshot.nodes
    .filter((node) => node.name !== nodeName && node.addresses.length > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(asPeer);
  return peers.every((peer) => peer !== undefined) ? peers : undefined;
}

const asPeer = ({ name, podCidr, addresses: [address = ''] }: NodeState): Peer | undefined =>
  podCidr ? { name, pod_cidr: podCidr, address } : undefined;
