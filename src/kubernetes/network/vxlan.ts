import { ProvisionError } from '../../errors.ts';

/** The VXLAN device of the agent `static-routes`; nothing else has that name. */
export const vxlanDevice = 'prov-vxlan';

/** What VXLAN adds to each packet: the inner Ethernet header, then the outer IPv4, UDP and VXLAN headers. */
export const vxlanOverheadBytes = 50;

/**
 * The MAC address of a host's VXLAN device: 02:70 (locally administered) and the four bytes of its address, so that each
 * host knows those of all others without asking. `templates/static-routes.sh.hbs` makes the same.
 */
export const vtepMac = (address: string): string =>
  ['02', '70', ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(':');

/**
 * The address on the VXLAN network of a host that runs no pods, made of its own: 10.0.0.10 becomes 250.0.0.10. What a pod
 * answers to it travels in VXLAN again; to the host's own address it would leave the node bare, with the pod's as its source.
 */
export const overlayAddressOf = (address: string): string =>
  address.replace(/^\d+/, (first) => String(240 + (Number(first) % 16)));

/** Throws MTU_TOO_LARGE where packets of pods would not fit into VXLAN over a link with that MTU. */
export function refuseLargeMtu(mtu: number, link: string, linkMtu: number): void {
  const room = linkMtu - vxlanOverheadBytes;
  if (mtu <= room) return;
  throw new ProvisionError({
    code: 'MTU_TOO_LARGE',
    kind: 'operation',
    what: `packets of ${mtu} bytes (network.mtu) do not fit into VXLAN over ${link}`,
    why: `its MTU is ${linkMtu}, and VXLAN takes ${vxlanOverheadBytes} bytes of it`,
    fix: `Set network.mtu to ${room} or less, or leave it out.`,
  });
}
