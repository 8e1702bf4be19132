import type { ClusterSnapshot, NodeState } from '../kubernetes/cluster/cluster.ts';
import { overlayAddressOf } from '../kubernetes/network/vxlan.ts';

/** Another Node whose pods have to be reached, or a host without a Node that reaches them. */
export interface Peer {
  readonly name: string;
  /** The addresses behind it: the range of a Node, of another host its one address on the VXLAN network. */
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

/** Hosts without a Node as peers of those with one, which answer them through VXLAN too. */
export const hostPeers = (hosts: readonly { readonly name: string; readonly address: string }[]): readonly Peer[] =>
  hosts
    .map(({ name, address }) => ({ name, pod_cidr: `${overlayAddressOf(address)}/32`, address }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
