import { vxlanDevice } from '../../kubernetes/network/vxlan.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { parseWays, seeWays, type Ways } from './on-link.ts';
import { parseVxlan, seeVxlan, type VxlanState } from './static-routes-vxlan-state.ts';

export interface RoutingState extends Ways {
  /** Routes of our protocol, by network: the gateway, with `dev prov-vxlan` after it where it is over VXLAN. */
  readonly routes: ReadonlyMap<string, string>;
  /** Rules as `iptables -S` prints them, by chain; a chain that is not there is missing. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
  /** Our chains that are jumped to. */
  readonly jumps: ReadonlySet<string>;
  /** Of FORWARD, where it can be seen: ACCEPT or DROP. */
  readonly policy: string | undefined;
  /** Lines of subnet.env. */
  readonly environment: readonly string[];
  /** Addresses of the bridge that pods are on, as 10.5.1.1/24. */
  readonly bridge: readonly string[];
  readonly vxlan: VxlanState;
}

/** The unit that runs the agent once. */
export const agentUnit = 'provision-static-routes.service';

/** The unit that runs it again and again. */
export const agentTimer = 'provision-static-routes.timer';

/** The number that our routes carry in the kernel; only those are ever removed. */
export const routeProtocol = 157;

export const chains = [
  { table: 'nat', name: 'PROVISION-POSTRTG', from: 'POSTROUTING' },
  { table: 'filter', name: 'PROVISION-FWD', from: 'FORWARD' },
] as const;

/** For awk: of all that iptables-save prints, which takes one look and makes no table. */
const seenRules = [
  '/^\\*/ { table = $1 }',
  'table == "*filter" && $1 == ":FORWARD" { print "policy", $2 }',
  ...chains.flatMap(({ name, from }) => [
    `$1 == ":${name}" { print "rule -N ${name}" }`,
    `/^-A ${name} / { print "rule", $0 }`,
    `$0 == "-A ${from} -j ${name}" { print "jump ${name}" }`,
  ]),
].join('\n');

/** Through the links to the back end of iptables that the agent uses, so that both look at the same rules. */
export const seeRouting = (addresses: readonly string[]): ShellScript =>
  joinScripts([
    sh`ip -V 2>&1 | grep -q iproute2 || fail IPROUTE2_MISSING 'this host has no iproute2' 'install the package iproute2'
ip -4 -o route show proto ${routeProtocol} | sed 's/^/route /'
[ ! -f /run/flannel/subnet.env ] || sed 's/^/env /' /run/flannel/subnet.env
ip -4 -o addr show dev cni0 2>/dev/null | while read -r _ _ _ address _; do echo "bridge $address"; done
save=/run/provision/iptables/iptables-save
[ -x "$save" ] || save=iptables-save
! command -v "$save" >/dev/null || "$save" 2>/dev/null | awk ${seenRules}`,
    seeVxlan,
    seeWays(addresses),
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
  return {
    routes: new Map(valuesOf('route').map((route) => [route.split(' ')[0] ?? '', wayOf(route)])),
    rules,
    jumps: new Set(valuesOf('jump')),
    policy: valuesOf('policy')[0],
    environment: valuesOf('env'),
    bridge: valuesOf('bridge'),
    ...parseWays(valuesOf('peer')),
    vxlan: parseVxlan(valuesOf),
  };
}

/** Of `10.5.2.0/24 via 10.0.0.12 dev eth0`, `… via 10.5.2.0 dev prov-vxlan onlink`. */
function wayOf(route: string): string {
  const [, gateway = '', device] = / via (\S+) dev (\S+)/.exec(route) ?? [];
  return device === vxlanDevice ? `${gateway} dev ${vxlanDevice}` : gateway;
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
