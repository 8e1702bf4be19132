import { joinScripts, ShellScript } from '../../shell.ts';
import {
  flanneldProcesses,
  flannelEtcdConfig,
  flannelEtcdUnit,
  flannelUnit,
  podConfigPath,
} from '../flannel/flanneld-processes.ts';
import { agentUnit } from '../network/static-routes-state.ts';

/** What a net-conf.json of flannel says, as far as it can be read. */
export interface FlannelConfig {
  readonly network?: string;
  readonly backend?: string;
  readonly port?: number;
  readonly vni?: number;
}

/** A flanneld that runs and is not the one that provision keeps. */
export interface ForeignFlannel extends FlannelConfig {
  /** The systemd unit it runs in; undefined for one started otherwise. */
  readonly unit?: string;
  readonly isPod: boolean;
  /** Where it has its configuration from, as it names it itself. */
  readonly configPath: string;
}

export interface VxlanDevice {
  readonly device: string;
  readonly vni?: number;
  readonly port?: number;
  /** The kernel lets devices share a port only if none of them has these options. */
  readonly isExclusive: boolean;
}

/** What a host has of a pod network. */
export interface NetworkFacts {
  /** Settings of the agent static-routes by key; empty where it is not installed. */
  readonly staticRoutes: ReadonlyMap<string, string>;
  /** Of the flannel that provision keeps; undefined where it is not installed. */
  readonly flannel: FlannelConfig | undefined;
  /** The same of the one that goes by etcd. */
  readonly flannelEtcd: FlannelConfig | undefined;
  /** Of one that runs in a pod of ours; undefined where none does. */
  readonly podFlannel: FlannelConfig | undefined;
  readonly foreignFlannels: readonly ForeignFlannel[];
  /** Units of those that keep their ranges in etcd; `-` for one that runs in none. */
  readonly etcdFlannels: readonly string[];
  readonly vxlans: readonly VxlanDevice[];
  /** TCP ports of 127.0.0.1 where something listens, also as part of all addresses. */
  readonly listening: ReadonlySet<number>;
  /** The newest run that put an agent on this host, by the agent's unit; known for the last ten runs. */
  readonly installedBy: ReadonlyMap<string, string>;
}

const staticRoutesConfig = '/etc/provision/static-routes/config';
const flannelConfig = '/etc/provision/flannel/net-conf.json';
const undoFolder = '/var/lib/provision/undo';

/** Prints what `parseNetworkFacts` reads. A flanneld in a pod is seen as well; its files are read in its own file system. */
export const networkFactsScript = joinScripts([
  flanneldProcesses,
  ShellScript.trusted(`
[ ! -f ${staticRoutesConfig} ] || sed -n 's/^\\([A-Z_]*\\)=\\(.*\\)$/static-routes \\1 \\2/p' ${staticRoutesConfig}
compact() { [ ! -f "$1" ] || { tr -d ' \\n\\t\\r' <"$1"; } 2>/dev/null; }
[ ! -f ${flannelConfig} ] || echo "own-flannel $(compact ${flannelConfig})"
[ ! -f ${flannelEtcdConfig} ] || echo "own-flannel-etcd $(compact ${flannelEtcdConfig})"
for process in $(own_pod_flannelds); do echo "pod-flannel $(compact "$process/root${podConfigPath}")"; done
for process in $(foreign_flannelds); do
  flag() { tr '\\0' '\\n' <"$process/cmdline" | sed -n -e "/^--*$1\\$/{n;p;}" -e "s/^--*$1=//p" | tail -n 1; }
  config=$(flag net-config-path)
  config=\${config:-/etc/kube-flannel/net-conf.json}
  unit=$(unit_of "$process")
  ! grep -qs kubepods "$process/cgroup" || unit=pod
  echo "foreign-flannel \${unit:--} $config $(compact "$process/root$config")"
done 2>/dev/null
for process in $(etcd_flannelds); do unit=$(unit_of "$process"); echo "etcd-flannel \${unit:--}"; done
awk '$4 == "0A" && $2 ~ /^(0*|0*(FFFF0000)?0100007F):/ { sub(/.*:/, "", $2); print "listens", $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
ip -d -o link show type vxlan 2>/dev/null | sed 's/^/vxlan /'
for path in ${undoFolder}/*/absent${staticRoutesConfig} ${undoFolder}/*/absent${flannelConfig} ${undoFolder}/*/absent${flannelEtcdConfig}; do
  [ -e "$path" ] || continue
  run=\${path#${undoFolder}/}
  [ "\${run%%/*}" != base ] || continue
  case $path in *${staticRoutesConfig}) unit=${agentUnit} ;; *${flannelEtcdConfig}) unit=${flannelEtcdUnit} ;; *) unit=${flannelUnit} ;; esac
  echo "installed $unit \${run%%/*}"
done`),
]);

/** `all` gives the rest of each line that begins with that key. */
export function parseNetworkFacts(all: (key: string) => readonly string[]): NetworkFacts {
  const own = all('own-flannel')[0];
  const etcd = all('own-flannel-etcd')[0];
  const pod = all('pod-flannel')[0];
  return {
    staticRoutes: new Map(all('static-routes').map(splitOnce)),
    flannel: own === undefined ? undefined : readFlannelConfig(own),
    flannelEtcd: etcd === undefined ? undefined : readFlannelConfig(etcd),
    podFlannel: pod === undefined ? undefined : readFlannelConfig(pod),
    foreignFlannels: all('foreign-flannel').map(parseForeign),
    etcdFlannels: all('etcd-flannel'),
    vxlans: all('vxlan').map(parseVxlan),
    listening: new Set(all('listens').map((port) => Number.parseInt(port, 16))),
    // the names of runs sort by time
    installedBy: new Map(
      all('installed')
        .map(splitOnce)
        .toSorted(([, a], [, b]) => (a < b ? -1 : 1)),
    ),
  };
}

function splitOnce(text: string): readonly [string, string] {
  const [key = '', ...rest] = text.split(' ');
  return [key, rest.join(' ').replace(/^(['"])(.*)\1$/, '$2')];
}

function parseForeign(text: string): ForeignFlannel {
  const [unit = '-', configPath = '', json = ''] = text.split(' ');
  return {
    ...(unit !== '-' && unit !== 'pod' && { unit }),
    isPod: unit === 'pod',
    configPath,
    ...readFlannelConfig(json),
  };
}

/** Of a text that is not what flannel reads, nothing is known. */
function readFlannelConfig(json: string): FlannelConfig {
  const backend = /"Backend":\{([^}]*)\}?/.exec(json)?.[1] ?? '';
  const network = /"Network":"([^"]*)"/.exec(json)?.[1];
  const type = /"Type":"([^"]*)"/.exec(backend)?.[1];
  const number = (key: string): number | undefined => asNumber(new RegExp(`"${key}":(\\d+)`).exec(backend)?.[1]);
  const [port, vni] = [number('Port'), number('VNI')];
  return {
    ...(network !== undefined && { network }),
    ...(type !== undefined && { backend: type }),
    ...(port !== undefined && { port }),
    ...(vni !== undefined && { vni }),
  };
}

/** `7: flannel.1: <BROADCAST> mtu 1450 … \    link/ether … \    vxlan id 1 local 10.0.0.1 dev eth0 srcport 0 0 dstport 8472 …` */
function parseVxlan(text: string): VxlanDevice {
  const device = /^\d+: ([^:@\s]+)/.exec(text)?.[1] ?? '';
  const vni = asNumber(/ vxlan .*?\bid (\d+)/.exec(text)?.[1]);
  const port = asNumber(/ dstport (\d+)/.exec(text)?.[1]);
  const isExclusive = / (external|gbp|gpe|udp6zerocsumrx|remcsumrx)\b/.test(text);
  return { device, ...(vni !== undefined && { vni }), ...(port !== undefined && { port }), isExclusive };
}

const asNumber = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
