import { joinScripts, type ShellScript, sh } from '../shell.ts';
import { readLines } from './fields.ts';

export interface RoutingState {
  /** Routes of our protocol: the gateway by network. */
  readonly routes: ReadonlyMap<string, string>;
  /** Rules as `iptables -S` prints them, by chain; a chain that is not there is missing. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** Our chains that are jumped to. */
  readonly jumps: ReadonlySet<string>;
  /** Lines of subnet.env. */
  readonly environment: readonly string[];
  /** Addresses of the bridge that pods are on, as 10.5.1.1/24. */
  readonly bridge: readonly string[];
  /** Peers reached without a gateway. */
  readonly onLink: ReadonlySet<string>;
  /** The way to the other peers, in the words of `ip route get`. */
  readonly gateways: ReadonlyMap<string, string>;
}

/** The unit that runs the agent once. */
export const agentUnit = 'provision-static-routes.service';

/** The number that our routes carry in the kernel; only those are ever removed. */
export const routeProtocol = 157;

export const chains = [
  { table: 'nat', name: 'PROVISION-POSTRTG', from: 'POSTROUTING' },
  { table: 'filter', name: 'PROVISION-FWD', from: 'FORWARD' },
] as const;

/** The back end that the agent chose stands in a file of its own, so that both look at the same rules. */
export const seeRouting = (addresses: readonly string[]): ShellScript =>
  joinScripts([
    sh`ip -V 2>&1 | grep -q iproute2 || fail IPROUTE2_MISSING 'this host has no iproute2' 'install the package iproute2'
ip -4 -o route show proto ${routeProtocol} | sed 's/^/route /'
[ ! -f /run/flannel/subnet.env ] || sed 's/^/env /' /run/flannel/subnet.env
ip -4 -o addr show dev cni0 2>/dev/null | while read -r _ _ _ address _; do echo "bridge $address"; done
iptables=$(cat /run/provision/static-routes.iptables 2>/dev/null || echo iptables)
command -v "$iptables" >/dev/null || iptables=:`,
    ...chains.map(
      ({ table, name, from }) => sh`"$iptables" -w -t ${table} -S ${name} 2>/dev/null | grep '^-' | sed 's/^/rule /'
[ "$iptables" = : ] || ! "$iptables" -w -t ${table} -C ${from} -j ${name} 2>/dev/null || printf 'jump %s\n' ${name}`,
    ),
    sh`for address in ${addresses}; do echo "peer $address $(ip -4 -o route get "$address" 2>&1 | head -n 1)"; done`,
  ]);

export function parseRouting(output: string): RoutingState {
  const lines = readLines(output);
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value.trim());
  const rules = new Map<string, string[]>();
  for (const rule of valuesOf('rule')) {
    const [verb, chain = ''] = rule.split(' ');
    const known = rules.get(chain) ?? [];
    if (verb === '-A') known.push(rule);
    rules.set(chain, known);
  }
  const peers = valuesOf('peer').map((value): readonly [string, string] => {
    const space = value.indexOf(' ');
    return [value.slice(0, space), value.slice(space + 1)];
  });
  const isOnLink = (way: string) => / dev /.test(way) && !/ via /.test(way) && !way.startsWith('local ');
  return {
    routes: new Map(valuesOf('route').map((route) => [route.split(' ')[0] ?? '', / via (\S+)/.exec(route)?.[1] ?? ''])),
    rules,
    jumps: new Set(valuesOf('jump')),
    environment: valuesOf('env'),
    bridge: valuesOf('bridge'),
    onLink: new Set(peers.filter(([, way]) => isOnLink(way)).map(([address]) => address)),
    gateways: new Map(peers.filter(([, way]) => !isOnLink(way))),
  };
}

/** The rules of each of our chains; a host that runs no pods has none. */
export function wantedRules(desired: {
  readonly cluster_cidr: string;
  readonly subnet?: string | null | undefined;
  readonly masquerade: boolean;
}): ReadonlyMap<string, readonly string[]> {
  const all = desired.cluster_cidr;
  if (!desired.subnet) return new Map();
  const forward = [
    'PROVISION-FWD',
    [`-A PROVISION-FWD -s ${all} -j ACCEPT`, `-A PROVISION-FWD -d ${all} -j ACCEPT`],
  ] as const;
  const masquerade = [
    'PROVISION-POSTRTG',
    [
      `-A PROVISION-POSTRTG -s ${all} -d ${all} -j RETURN`,
      `-A PROVISION-POSTRTG -s ${all} ! -d 224.0.0.0/4 -j MASQUERADE`,
    ],
  ] as const;
  return new Map<string, readonly string[]>(desired.masquerade ? [masquerade, forward] : [forward]);
}
