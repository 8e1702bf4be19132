import { z } from 'zod';
import { ProvisionError } from '../errors.ts';
import type { Change } from '../events.ts';
import { joinScripts, type ShellScript, sh } from '../shell.ts';
import { defineOperation } from './operation.ts';
import {
  chains,
  parseRouting,
  type RoutingState,
  routeProtocol,
  seeRouting,
  wantedRules,
} from './static-routes-state.ts';

const network = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'an IPv4 network such as 10.5.0.0/16');

const schema = z.strictObject({
  cluster_cidr: network.describe('the range of all pods'),
  subnet: network
    .nullish()
    .describe("this node's part of it; none on a host that runs no pods, which gets routes alone"),
  peers: z
    .array(
      z.strictObject({
        name: z.string().describe('name of the Node'),
        pod_cidr: network.describe('its part of the range'),
        address: z.ipv4().describe('its address on the link'),
      }),
    )
    .describe('all other nodes'),
  masquerade: z.boolean().default(true).describe('whether pods leave the cluster under the address of their node'),
  mtu: z.number().int().optional().describe("of the pods; the link's when not given"),
});

export type StaticRoutes = z.output<typeof schema>;

function refuseGateways(actual: RoutingState, desired: StaticRoutes): void {
  const away = desired.peers.find(({ address }) => !actual.onLink.has(address));
  if (away === undefined) return;
  throw new ProvisionError({
    code: 'NOT_ON_LINK',
    kind: 'operation',
    what: `${away.name} (${away.address}) is not on a link of this host`,
    why: actual.gateways.get(away.address) ?? 'there is no route to it',
    fix: 'host-gw needs all nodes in one layer 2 segment: name their addresses on it, or use another network agent',
  });
}

function routeChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  const wanted = new Map(desired.peers.map(({ pod_cidr, address }) => [pod_cidr, address]));
  return [
    ...desired.peers
      .filter(({ pod_cidr, address }) => actual.routes.get(pod_cidr) !== address)
      .map(({ pod_cidr, address, name }) => {
        const before = actual.routes.get(pod_cidr);
        return { subject: `route ${pod_cidr}`, action: `${before ? `via ${before} → ` : ''}via ${address} (${name})` };
      }),
    ...[...actual.routes.keys()]
      .filter((cidr) => !wanted.has(cidr))
      .map((cidr) => ({ subject: `route ${cidr}`, action: 'remove: no node has that range' })),
  ];
}

function ruleChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  const wanted = wantedRules(desired);
  return chains.flatMap(({ name, from }) => {
    const rules = actual.rules.get(name) ?? [];
    const rulesWanted = wanted.get(name) ?? [];
    const jumps = actual.jumps.has(name);
    const same = rules.join('\n') === rulesWanted.join('\n') && jumps === rulesWanted.length > 0;
    if (same) return [];
    const text = (lines: readonly string[], isReached: boolean) =>
      [...(isReached ? [`-A ${from} -j ${name}`] : []), ...lines].map((line) => `${line}\n`).join('');
    return [
      {
        subject: `iptables ${name}`,
        action: rulesWanted.length === 0 ? 'remove the chain' : `write the chain, reached from ${from}`,
        before: text(rules, jumps),
        after: text(rulesWanted, rulesWanted.length > 0),
      },
    ];
  });
}

/** The node's own address on its bridge: the first of its range. */
function gatewayOf(subnet: string): string {
  const [base = '', length = ''] = subnet.split('/');
  return `${base.replace(/\d+$/, (last) => String(Number(last) + 1))}/${length}`;
}

function bridgeChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  if (!desired.subnet) return [];
  const gateway = gatewayOf(desired.subnet);
  return actual.bridge
    .filter((address) => address !== gateway)
    .map((address) => ({ subject: 'cni0', action: `remove: it has ${address} of another range` }));
}

function environmentChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  if (!desired.subnet) return [];
  const wanted = [
    `FLANNEL_NETWORK=${desired.cluster_cidr}`,
    `FLANNEL_SUBNET=${gatewayOf(desired.subnet)}`,
    ...(desired.mtu === undefined ? [] : [`FLANNEL_MTU=${desired.mtu}`]),
  ];
  const missing = wanted.filter((line) => !actual.environment.includes(line));
  return missing.length === 0 ? [] : [{ subject: '/run/flannel/subnet.env', action: missing.join(', ') }];
}

function putBackRules(actual: RoutingState): readonly ShellScript[] {
  return chains.flatMap(({ name, from, table }) => {
    const rules = actual.rules.get(name);
    const drop = sh`for iptables in iptables iptables-nft iptables-legacy; do
  command -v "$iptables" >/dev/null || continue
  "$iptables" -w -t ${table} -D ${from} -j ${name} 2>/dev/null || :
  "$iptables" -w -t ${table} -F ${name} 2>/dev/null || :
  "$iptables" -w -t ${table} -X ${name} 2>/dev/null || :
done`;
    if (rules === undefined) return [drop];
    return [
      drop,
      sh`iptables -w -t ${table} -N ${name}`,
      ...rules.map((rule) => sh`iptables -w -t ${table} ${rule.split(' ')}`),
      ...(actual.jumps.has(name) ? [sh`iptables -w -t ${table} -A ${from} -j ${name}`] : []),
    ];
  });
}

/** Routes, packet rules and subnet.env as the agent on the host keeps them; the agent's own files are tasks before this one. */
export const staticRoutes = defineOperation({
  name: 'static_routes',
  schema,
  probe: (desired) => seeRouting(desired.peers.map(({ address }) => address)),
  parse: parseRouting,
  diff(actual, desired) {
    refuseGateways(actual, desired);
    return [
      ...routeChanges(actual, desired),
      ...ruleChanges(actual, desired),
      ...environmentChanges(actual, desired),
      ...bridgeChanges(actual, desired),
    ];
  },
  apply: () => sh`keep /run/flannel/subnet.env
systemctl daemon-reload
systemctl restart provision-static-routes.service || {
  journalctl -q --no-pager -o cat -n 20 -u provision-static-routes.service >&2
  fail AGENT_FAILED 'the network agent could not set the routes and rules' 'its last lines say why'
}`,
  undo: (actual) =>
    joinScripts([
      sh`systemctl stop provision-static-routes.timer provision-static-routes.service 2>/dev/null || :
ip -4 route flush proto ${routeProtocol}`,
      ...[...actual.routes].map(([cidr, address]) => sh`ip -4 route add ${cidr} via ${address} proto ${routeProtocol}`),
      ...putBackRules(actual),
      sh`restore /run/flannel/subnet.env`,
    ]),
});
