import { vxlanDevice } from '../../kubernetes/network/vxlan.ts';
import { type ShellScript, sh } from '../../shell.ts';

/** A VXLAN device as the kernel shows it. */
export interface VxlanLink {
  readonly name: string;
  readonly vni: number;
  readonly port: number;
  readonly local: string | undefined;
  /** The interface below it. */
  readonly link: string | undefined;
  readonly mac: string;
  readonly isLearning: boolean;
  readonly mtu: number;
  readonly isUp: boolean;
}

export interface VxlanState {
  /** All VXLAN devices of the host, ours among them. */
  readonly devices: readonly VxlanLink[];
  /** Of our device: `rp_filter`, the MAC address by neighbour, the host by MAC address. */
  readonly reversePathFilter: number;
  readonly neighbours: ReadonlyMap<string, string>;
  readonly forwarding: ReadonlyMap<string, string>;
  /** IPv4 addresses such as 10.0.0.11/24 of all interfaces, and the MTU of each. */
  readonly addresses: readonly { readonly device: string; readonly cidr: string }[];
  readonly mtus: ReadonlyMap<string, number>;
}

export const seeVxlan: ShellScript = sh`ip -d -o link show type vxlan | sed 's/^/vxlan /'
ip -4 -o addr show | while read -r _ device _ address _; do echo "address $device $address"; done
for link in /sys/class/net/*; do read -r mtu 2>/dev/null <"$link/mtu" && echo "mtu \${link##*/} $mtu"; done
if [ -e /sys/class/net/${vxlanDevice} ]; then
  sed 's/^/filter /' /proc/sys/net/ipv4/conf/${vxlanDevice}/rp_filter
  ip -4 neigh show dev ${vxlanDevice} nud permanent | sed 's/^/neighbour /'
  bridge fdb show dev ${vxlanDevice} | sed 's/^/forwarding /'
fi`;

/** `valuesOf` gives the values of the lines with a key, as `seeVxlan` printed them. */
export function parseVxlan(valuesOf: (key: string) => readonly string[]): VxlanState {
  const words = (key: string) => valuesOf(key).map((line) => line.split(/\s+/));
  return {
    devices: valuesOf('vxlan').map(parseLink),
    reversePathFilter: Number(valuesOf('filter')[0] ?? 0),
    neighbours: new Map(words('neighbour').map(([address = '', , mac = '']) => [address, mac])),
    forwarding: new Map(words('forwarding').map(([mac = '', , address = '']) => [mac, address])),
    addresses: words('address').map(([device = '', cidr = '']) => ({ device, cidr })),
    mtus: new Map(words('mtu').map(([device = '', mtu]) => [device, Number(mtu)])),
  };
}

/** `5: NAME: <FLAGS> mtu 1450 …\ link/ether MAC …\ vxlan id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport 8472 nolearning …` */
function parseLink(line: string): VxlanLink {
  const [head = '', tail = ''] = line.split(/ vxlan (?=.*\bid )/);
  const after = (text: string, key: string) => new RegExp(`(?:^|\\s)${key} (\\S+)`).exec(text)?.[1];
  return {
    name: /^\d+: ([^:@]+)/.exec(line)?.[1] ?? '',
    vni: Number(after(tail, 'id')),
    port: Number(after(tail, 'dstport')),
    local: after(tail, 'local'),
    link: after(tail, 'dev'),
    mac: after(head, 'link/ether') ?? '',
    isLearning: !/\snolearning\b/.test(tail),
    mtu: Number(after(head, 'mtu')),
    isUp: /<(.*,)?UP[,>]/.test(head),
  };
}

/** The addresses of our device. */
export const ownAddresses = ({ addresses }: VxlanState): readonly string[] =>
  addresses.filter(({ device }) => device === vxlanDevice).map(({ cidr }) => cidr);
