import { readLines } from '../fields.ts';
import { parseWays, type Ways } from '../network/on-link.ts';

/** A VXLAN device of flanneld. */
export interface FlannelDevice {
  readonly name: string;
  /** As 10.5.1.0/32; empty without one. */
  readonly address: string;
  readonly mtu: number;
  readonly vni: number;
  readonly port: number;
  /** The address that its packets are sent from. */
  readonly local: string;
}

export interface FlannelState extends Ways {
  /** The interface that was asked about; undefined where the host has none such. */
  readonly link: { readonly name: string; readonly mtu: number } | undefined;
  readonly isActive: boolean;
  /** Which start of the unit this is; empty when it never ran. */
  readonly process: string;
  /** Lines of subnet.env. */
  readonly environment: readonly string[];
  /** Addresses of the bridge that pods are on, as 10.5.1.1/24. */
  readonly bridge: readonly string[];
  readonly devices: readonly FlannelDevice[];
  /** Routes to pods of other nodes in the words of `ip route`, by network. */
  readonly routes: ReadonlyMap<string, string>;
  /** What flanneld wrote into iptables, as `TABLE RULE`, by back end. */
  readonly rules: Readonly<Record<'legacy' | 'nft', readonly string[]>>;
}

export function parseFlannel(output: string): FlannelState {
  const lines = readLines(output);
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value.trim());
  const rulesOf = (backEnd: string): string[] => {
    const save = `iptables-${backEnd}-save `;
    return valuesOf('rule').flatMap((rule) => (rule.startsWith(save) ? [rule.slice(save.length)] : []));
  };
  const [name = '', mtu] = valuesOf('link')[0]?.split(' ') ?? [];
  return {
    link: mtu === undefined ? undefined : { name, mtu: Number(mtu) },
    isActive: valuesOf('state')[0] === 'active',
    process: valuesOf('process')[0] ?? '',
    environment: valuesOf('env'),
    bridge: valuesOf('bridge'),
    devices: valuesOf('device').map(parseDevice),
    ...parseWays(valuesOf('peer')),
    routes: new Map(valuesOf('route').map((route) => [route.split(' ')[0] ?? '', route])),
    rules: { legacy: rulesOf('legacy'), nft: rulesOf('nft') },
  };
}

function parseDevice(text: string): FlannelDevice {
  const [name = '', address = ''] = text.split(' ');
  const word = (key: string): string => new RegExp(` ${key} (\\S+)`).exec(text)?.[1] ?? '';
  return {
    name,
    address: address === '-' ? '' : address,
    mtu: Number(word('mtu')),
    vni: Number(/ vxlan id (\d+)/.exec(text)?.[1] ?? 0),
    port: Number(word('dstport')),
    local: word('local'),
  };
}
