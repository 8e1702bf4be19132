import { vxlanDevice } from '../../kubernetes/network/vxlan.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { dropBridge } from './node-bridge.ts';
import { agentTimer, agentUnit, chains, type RoutingState, routeProtocol } from './static-routes-state.ts';
import { ownAddresses } from './static-routes-vxlan-state.ts';

/** The device as it was, with its entries, or none. */
function putBackDevice({ vxlan }: RoutingState): ShellScript {
  const drop = sh`! [ -e /sys/class/net/${vxlanDevice} ] || ip link del ${vxlanDevice}`;
  const own = vxlan.devices.find(({ name }) => name === vxlanDevice);
  if (own === undefined) return drop;
  const options = [
    ...(own.local === undefined ? [] : ['local', own.local]),
    ...(own.link === undefined ? [] : ['dev', own.link]),
    own.isLearning ? 'learning' : 'nolearning',
  ];
  const steps = [
    sh`ip link add ${vxlanDevice} address ${own.mac} type vxlan id ${own.vni} dstport ${own.port} ${options}`,
    sh`ip link set ${vxlanDevice} mtu ${own.mtu} ${own.isUp ? 'up' : 'down'}`,
    sh`echo ${vxlan.reversePathFilter} >/proc/sys/net/ipv4/conf/${vxlanDevice}/rp_filter`,
    ...ownAddresses(vxlan).map((cidr) => sh`ip addr add ${cidr} dev ${vxlanDevice}`),
    ...[...vxlan.neighbours].map(
      ([address, mac]) => sh`ip neigh replace ${address} lladdr ${mac} dev ${vxlanDevice} nud permanent`,
    ),
    ...[...vxlan.forwarding].map(
      ([mac, address]) => sh`bridge fdb replace ${mac} dev ${vxlanDevice} dst ${address} self permanent`,
    ),
  ];
  const all = steps.reduce(
    (before, step) => sh`${before} &&
  ${step}`,
  );
  return joinScripts([drop, sh`{ ${all}; } || warn ${`${vxlanDevice} could not be put back as it was`}`]);
}

/** A chain of ours and the jumps to it, in every back end. */
export const dropChain = ({ name, from, table }: (typeof chains)[number]): ShellScript =>
  sh`for iptables in iptables iptables-nft iptables-legacy; do
  command -v "$iptables" >/dev/null || continue
  # asking legacy for a table makes it
  case $("$iptables" -V) in *nf_tables*) ;; *) grep -qsx ${table} /proc/net/ip_tables_names || continue ;; esac
  "$iptables" -w -t ${table} -D ${from} -j ${name} 2>/dev/null || :
  "$iptables" -w -t ${table} -F ${name} 2>/dev/null || :
  "$iptables" -w -t ${table} -X ${name} 2>/dev/null || :
done`;

function putBackRules(actual: RoutingState): readonly ShellScript[] {
  return chains.flatMap((chain) => {
    const { name, from, table } = chain;
    const rules = actual.rules.get(name);
    const drop = dropChain(chain);
    if (rules === undefined) return [drop];
    return [
      drop,
      sh`iptables=/run/provision/iptables/iptables
[ -x "$iptables" ] || iptables=iptables
"$iptables" -w -t ${table} -N ${name}`,
      ...rules.map((rule) => sh`"$iptables" -w -t ${table} ${rule.split(' ')}`),
      ...(actual.jumps.has(name) ? [sh`"$iptables" -w -t ${table} -A ${from} -j ${name}`] : []),
    ];
  });
}

/** Somebody else may have a route there by now, or the gateway may be out of reach. */
const putBackRoute = (cidr: string, way: string): ShellScript =>
  sh`ip -4 route add ${cidr} via ${way.split(' ')} ${way.includes(' dev ') ? ['onlink'] : []} proto ${routeProtocol} ||
  warn "the route to ${cidr} via ${way} could not be put back"`;

/** They would set again by the files that are there still what is put back; the timer first, which starts the other one. */
export const stoppedFirst = [agentTimer, agentUnit];

/** Routes, rules and the device as they were seen, with the agent stopped first. */
export const putBackRouting = (actual: RoutingState): ShellScript =>
  joinScripts([
    sh`systemctl stop ${stoppedFirst} 2>/dev/null || :
ip -4 route flush proto ${routeProtocol}`,
    putBackDevice(actual),
    ...[...actual.routes].map(([cidr, way]) => putBackRoute(cidr, way)),
    ...putBackRules(actual),
    sh`restore /run/flannel/subnet.env`,
    ...(actual.environment.length > 0 ? [] : [sh`rmdir /run/flannel 2>/dev/null || :`]),
    ...(actual.bridge.length > 0 ? [] : [dropBridge]),
  ]);
