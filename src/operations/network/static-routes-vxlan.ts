import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { refuseLargeMtu, vtepMac, vxlanDevice, vxlanOverheadBytes } from '../../kubernetes/network/vxlan.ts';
import type { StaticRoutes } from './static-routes-schema.ts';
import type { RoutingState } from './static-routes-state.ts';
import { ownAddresses, type VxlanLink, type VxlanState } from './static-routes-vxlan-state.ts';

/** The interface towards the other nodes, and the address they know this host by. */
interface Underlay {
  readonly link: string;
  readonly local: string;
}

const bare = (cidr: string): string => cidr.replace(/\/.*/, '');

/** As the agent finds it. Throws INTERFACE_NOT_FOUND. */
function findUnderlay(actual: RoutingState, desired: StaticRoutes): Underlay {
  // an address on the loopback interface says nothing of the way to others
  const addresses = actual.vxlan.addresses.filter(({ device }) => device !== 'lo');
  const wanted = desired.interface;
  const withAddress = (address: string | undefined) => addresses.find(({ cidr }) => bare(cidr) === address)?.device;
  const isAddress = wanted !== undefined && /^[\d.]+$/.test(wanted);
  const named = isAddress ? withAddress(wanted) : wanted;
  const way = actual.ways.get(desired.peers[0]?.address ?? '') ?? '';
  const found = (key: string) => new RegExp(` ${key} (\\S+)`).exec(way)?.[1];
  const first = addresses.find(({ device }) => device === named)?.cidr;
  const local = desired.address ?? (isAddress ? wanted : first && bare(first)) ?? found('src') ?? '';
  const link = named ?? withAddress(local) ?? found('dev') ?? '';
  if (addresses.some(({ device, cidr }) => device === link && bare(cidr) === local)) return { link, local };
  throw interfaceNotFound(wanted, local, addresses);
}

const interfaceNotFound = (
  wanted: string | undefined,
  local: string,
  addresses: VxlanState['addresses'],
): ProvisionError =>
  new ProvisionError({
    code: 'INTERFACE_NOT_FOUND',
    kind: 'operation',
    what: `no interface${wanted === undefined ? '' : ` ${wanted}`} of this host has ${local || 'an address'}, by which the other nodes know it`,
    why: `there are ${addresses.map(({ device, cidr }) => `${device} ${cidr}`).join(', ')}`,
    fix: "Set network.interface of this host to the one that has the Node's InternalIP, or the kubelet's --node-ip to the address of the interface; of a host without a Node network.interface has to be the address itself.",
  });

const overlayPeers = (actual: RoutingState, desired: StaticRoutes) =>
  desired.backend === 'vxlan'
    ? desired.peers.filter(({ address }) => !desired.vxlan.direct_routing || !actual.onLink.has(address))
    : [];

/** How each peer's range is reached, in the words of `ip route`. */
export function wantedWays(actual: RoutingState, desired: StaticRoutes): ReadonlyMap<string, string> {
  const over = new Set(overlayPeers(actual, desired));
  return new Map(
    desired.peers.map((peer) => [
      peer.pod_cidr.replace(/\/32$/, ''),
      over.has(peer) ? `${bare(peer.pod_cidr)} dev ${vxlanDevice}` : peer.address,
    ]),
  );
}

interface Wanted extends Omit<VxlanLink, 'name'> {
  readonly address: string | undefined;
}

function wantedDevice(actual: RoutingState, desired: StaticRoutes): Wanted | undefined {
  const needsLink = desired.backend === 'vxlan' || (desired.interface !== undefined && desired.subnet);
  if (!needsLink || desired.peers.length === 0) return undefined;
  const { link, local } = findUnderlay(actual, desired);
  if (desired.backend !== 'vxlan') return undefined;
  const linkMtu = actual.vxlan.mtus.get(link) ?? 1500;
  if (desired.mtu !== undefined) refuseLargeMtu(desired.mtu, link, linkMtu);
  return {
    vni: desired.vxlan.vni,
    port: desired.vxlan.port,
    local,
    link,
    mac: vtepMac(local),
    isLearning: false,
    mtu: desired.mtu ?? linkMtu - vxlanOverheadBytes,
    isUp: true,
    address: desired.overlay_address ?? undefined,
  };
}

/** The MTU of pods as far as it can be told before the agent runs. */
export const wantedMtu = (actual: RoutingState, desired: StaticRoutes): number | undefined =>
  desired.mtu ?? wantedDevice(actual, desired)?.mtu;

/** A tunnel needs a way to its other end. */
export function refuseUnreachable(actual: RoutingState, desired: StaticRoutes): void {
  if (desired.backend !== 'vxlan') return;
  const away = desired.peers.find(({ address }) => !/ dev /.test(actual.ways.get(address) ?? ''));
  if (away)
    throw new ProvisionError({
      code: 'PEER_UNREACHABLE',
      kind: 'operation',
      what: `this host has no route to ${away.name} (${away.address})`,
      why: actual.ways.get(away.address) ?? 'the kernel knows no way there',
      fix: 'Give the host a route to that address: VXLAN travels over the network that is there.',
    });
}

const describe = (device: Wanted): readonly string[] => [
  `vxlan id ${device.vni} dstport ${device.port} ${device.isLearning ? 'learning' : 'nolearning'}`,
  `local ${device.local ?? 'any'} dev ${device.link ?? 'any'}`,
  `address ${device.mac}`,
];

/** What can be set without making the device anew. */
const describeRest = (device: Wanted, filter: number): readonly string[] => [
  `mtu ${device.mtu} ${device.isUp ? 'up' : 'down'}`,
  `inet ${device.address ?? 'none'}`,
  `rp_filter ${filter}`,
];

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

export function vxlanChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  const { vxlan } = actual;
  const own = vxlan.devices.find(({ name }) => name === vxlanDevice);
  const wanted = wantedDevice(actual, desired);
  const address = ownAddresses(vxlan)
    .map((cidr) => cidr.replace(/\/32$/, ''))
    .join(' ');
  const seen = own && { ...own, address: address || undefined };
  const before = seen ? [...describe(seen), ...describeRest(seen, vxlan.reversePathFilter)] : [];
  if (!wanted) return own ? [{ subject: vxlanDevice, action: 'remove the device', before: text(before) }] : [];
  const after = [...describe(wanted), ...describeRest(wanted, 2)];
  const isOther = seen !== undefined && describe(seen).join() !== describe(wanted).join();
  const action = seen === undefined ? 'create the device' : isOther ? 'make the device anew' : 'set up the device';
  return [
    ...(text(before) === text(after)
      ? []
      : [{ subject: vxlanDevice, action, before: text(before), after: text(after) }]),
    ...entryChanges(actual, desired, isOther),
  ];
}

/** Entries of a device that is made anew go with it; those that are wanted are there again right after. */
function entryChanges(actual: RoutingState, desired: StaticRoutes, isOther: boolean): readonly Change[] {
  const peers = overlayPeers(actual, desired).map((peer) => ({
    ...peer,
    base: bare(peer.pod_cidr),
    mac: vtepMac(peer.address),
  }));
  const { neighbours, forwarding } = actual.vxlan;
  const missing = peers.flatMap(({ name, address, base, mac }) => [
    ...(neighbours.get(base) === mac ? [] : [{ subject: `neighbour ${base}`, action: `at ${mac} (${name})` }]),
    ...(forwarding.get(mac) === address ? [] : [{ subject: `forwarding ${mac}`, action: `to ${address} (${name})` }]),
  ]);
  if (isOther) return missing;
  const bases = new Set(peers.map(({ base }) => base));
  const macs = new Set(peers.map(({ mac }) => mac));
  const action = 'remove: no peer has it';
  return [
    ...missing,
    ...[...neighbours.keys()]
      .filter((base) => !bases.has(base))
      .map((base) => ({ subject: `neighbour ${base}`, action })),
    ...[...forwarding.keys()].filter((mac) => !macs.has(mac)).map((mac) => ({ subject: `forwarding ${mac}`, action })),
  ];
}
