import type { Change } from '../../events.ts';
import { sh } from '../../shell.ts';
import { defineOperation } from '../operation.ts';
import { gatewayOf } from './node-bridge.ts';
import { refuseGateways } from './on-link.ts';
import { putBackRouting, stoppedFirst } from './static-routes-put-back.ts';
import { type StaticRoutes, staticRoutesSchema } from './static-routes-schema.ts';
import { chains, parseRouting, type RoutingState, seeRouting, wantedRules } from './static-routes-state.ts';
import { refuseUnreachable, vxlanChanges, wantedMtu, wantedWays } from './static-routes-vxlan.ts';

function routeChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  const wanted = wantedWays(actual, desired);
  const names = new Map(desired.peers.map(({ pod_cidr, name }) => [pod_cidr.replace(/\/32$/, ''), name]));
  return [
    ...[...wanted]
      .filter(([cidr, way]) => actual.routes.get(cidr) !== way)
      .map(([cidr, way]) => {
        const before = actual.routes.get(cidr);
        const action = `${before ? `via ${before} → ` : ''}via ${way} (${names.get(cidr)})`;
        return { subject: `route ${cidr}`, action };
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
    const policy = from === 'FORWARD' && actual.policy === 'DROP' ? ', whose policy is DROP: it lets pods through' : '';
    return [
      {
        subject: `iptables ${name}`,
        action: rulesWanted.length === 0 ? 'remove the chain' : `write the chain, reached from ${from}${policy}`,
        before: text(rules, jumps),
        after: text(rulesWanted, rulesWanted.length > 0),
      },
    ];
  });
}

function environmentChanges(actual: RoutingState, desired: StaticRoutes): readonly Change[] {
  if (!desired.subnet || desired.leaves_subnet_env) return [];
  const mtu = wantedMtu(actual, desired);
  const wanted = [
    `FLANNEL_NETWORK=${desired.cluster_cidr}`,
    `FLANNEL_SUBNET=${gatewayOf(desired.subnet)}`,
    ...(mtu === undefined ? [] : [`FLANNEL_MTU=${mtu}`]),
  ];
  const missing = wanted.filter((line) => !actual.environment.includes(line));
  return missing.length === 0 ? [] : [{ subject: '/run/flannel/subnet.env', action: missing.join(', ') }];
}

/** Routes, packet rules, the VXLAN device and subnet.env as the agent on the host keeps them; the agent's own files are tasks before this one. */
export const staticRoutes = defineOperation({
  name: 'static_routes',
  summary:
    'routes to the pods of other nodes, a VXLAN device, masquerading and forwarding rules, `/run/flannel/subnet.env`',
  schema: staticRoutesSchema,
  probe: (desired) => seeRouting(desired.peers.map(({ address }) => address)),
  parse: parseRouting,
  diff(actual, desired) {
    if (desired.backend === 'host-gw') refuseGateways(actual, desired.peers);
    refuseUnreachable(actual, desired);
    return [
      ...vxlanChanges(actual, desired),
      ...routeChanges(actual, desired),
      ...ruleChanges(actual, desired),
      ...environmentChanges(actual, desired),
    ];
  },
  apply: () => sh`keep /run/flannel/subnet.env
systemctl daemon-reload
systemctl restart provision-static-routes.service || {
  journalctl -q --no-pager -o cat -n 20 -u provision-static-routes.service >&2
  fail AGENT_FAILED 'the network agent could not set the routes and rules' 'its last lines say why'
}`,
  undo: putBackRouting,
  undoStops: () => stoppedFirst,
});
