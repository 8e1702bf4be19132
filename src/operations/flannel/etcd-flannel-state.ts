import { containsCidr, tryParseCidr } from '../../kubernetes/network/cidr.ts';
import { findFlannelRules } from '../../kubernetes/network/flannel-rules.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { parseRules, type SeenBackEnd, seeRules } from '../network/stale-rules.ts';
import { routeProtocol } from '../network/static-routes-state.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { flanneldProcesses } from './flanneld-processes.ts';

/** A unit of a flanneld that keeps its ranges in etcd. */
export interface EtcdFlannelUnit {
  readonly unit: string;
  readonly isActive: boolean;
  /** As `systemctl is-enabled` says it. */
  readonly enabled: string;
  /** Our drop-in keeps it from being started. */
  readonly isBarred: boolean;
  /** Units that are stopped with it. */
  readonly bound: readonly string[];
}

export interface EtcdFlannelState {
  readonly units: readonly EtcdFlannelUnit[];
  /** One runs that no unit has started. */
  readonly runsElsewhere: boolean;
  readonly backEnds: readonly SeenBackEnd[];
  /** VXLAN devices as flannel calls them. */
  readonly links: readonly string[];
  /** Routes by a gateway that are not ours, as iproute2 prints them. */
  readonly routes: readonly string[];
  /** FLANNEL_NETWORK of subnet.env; empty without one. */
  readonly environment: string;
}

/** A condition that never holds: also who wants the unit at boot does not get it, and is not kept from starting itself. */
export const barText = `# Written by provision: the pod network no longer comes from etcd, and whoever wants this unit goes without it.
[Unit]
ConditionPathExists=!/
`;
export const barPath = (unit: string): string => `/etc/systemd/system/${unit}.d/90-provision.conf`;

/** The shell function `etcd_flannel_units`; comes after `seeUnitFiles` and `flanneldProcesses`. */
export const etcdFlannelUnits = ShellScript.trusted(`
all_etcd_flannel_units() {
  for process in $(etcd_flannelds); do unit_of "$process"; done
  systemctl list-unit-files --no-legend --plain '*flannel*.service' 2>/dev/null | while read -r unit _; do
    case $unit in *@.service) continue ;; esac
    unit_texts "$unit" | grep -q flanneld || continue
    unit_texts "$unit" | grep -qi 'kube[-_]subnet[-_]mgr' || echo "$unit"
  done
}
etcd_flannel_units() { all_etcd_flannel_units | sort -u; }
`);

const seeUnits = ShellScript.trusted(`
for unit in $(etcd_flannel_units); do
  seen=$(systemctl show "$unit" -p ActiveState,UnitFileState,RequiredBy,RequisiteOf,BoundBy,ConsistsOf 2>/dev/null)
  barred=no
  [ ! -e "/etc/systemd/system/$unit.d/90-provision.conf" ] || barred=yes
  bound=$(printf '%s\\n' "$seen" | sed -n 's/^\\(RequiredBy\\|RequisiteOf\\|BoundBy\\|ConsistsOf\\)=//p' | tr ' ' '\\n' | grep -v '\\.target$' | sort -u | tr '\\n' ' ')
  echo "unit $unit $(value ActiveState "$seen") $(value UnitFileState "$seen") $barred $bound"
done
for process in $(etcd_flannelds); do [ -n "$(unit_of "$process")" ] || echo 'elsewhere yes'; done
ip -o link show type vxlan 2>/dev/null | sed -n 's/^[0-9]*: \\(flannel\\.[0-9]*\\)[:@].*/link \\1/p'
ip -4 route show 2>/dev/null | grep ' via ' | sed 's/^/route /; s/ *$//'
[ ! -f /run/flannel/subnet.env ] || sed -n 's/^FLANNEL_NETWORK=/environment /p' /run/flannel/subnet.env
`);

export const seeEtcdFlannel: ShellScript = joinScripts([
  seeUnitFiles,
  flanneldProcesses,
  etcdFlannelUnits,
  seeRules,
  seeUnits,
  sh`:`,
]);

export function parseEtcdFlannel(output: string): EtcdFlannelState {
  const lines = readLines(output);
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  return {
    units: valuesOf('unit').map((text) => {
      const [unit = '', active = '', enabled = '', barred = '', ...bound] = text.trim().split(/ /);
      return {
        unit,
        isActive: active !== 'inactive' && active !== 'failed',
        enabled,
        isBarred: barred === 'yes',
        bound: bound.filter(Boolean),
      };
    }),
    runsElsewhere: valuesOf('elsewhere').length > 0,
    backEnds: parseRules(valuesOf),
    links: valuesOf('link'),
    routes: valuesOf('route'),
    environment: valuesOf('environment')[0] ?? '',
  };
}

/** The ranges that this flannel gave out, as its packet rules and subnet.env tell; never that of the cluster. */
export function oldNetworks({ backEnds, environment }: EtcdFlannelState, clusterCidr: string): readonly string[] {
  const named = backEnds.flatMap(({ save }) => findFlannelRules(save).flatMap(({ network }) => network ?? []));
  return [...new Set([...named, environment])].filter((network) => network !== '' && network !== clusterCidr);
}

/** Its routes by gateways: to parts of an old range; routes over its device go with that. */
export function oldRoutes(state: EtcdFlannelState, clusterCidr: string): readonly string[] {
  const networks = oldNetworks(state, clusterCidr).flatMap((text) => tryParseCidr(text) ?? []);
  return state.routes.filter((route) => {
    const part = tryParseCidr(route.split(' ')[0] ?? '');
    const isOurs = route.includes(` proto ${routeProtocol}`) || / dev flannel\.\d+/.test(route);
    return part !== undefined && !isOurs && networks.some((network) => containsCidr(network, part));
  });
}
