import { ShellScript, sh } from '../../shell.ts';
import { decodeBase64 } from '../fields.ts';
import { type ManagerFacts, managerFactsScript, parseManagerFacts } from './manager-facts.ts';
import { type NetworkFacts, networkFactsScript, parseNetworkFacts } from './network-facts.ts';

/** A systemd unit as one look found it; times are seconds since the epoch on the host's own clock. */
export interface UnitFacts {
  readonly unit: string;
  readonly loaded: boolean;
  /** systemd knows no unit of that name. */
  readonly isMissing: boolean;
  readonly active: boolean;
  readonly mainPid: number;
  /** Changes at every start of the unit. */
  readonly invocationId: string;
  readonly restarts: number;
  readonly startedAt: number;
  /** The words of the running process, empty when none runs. */
  readonly commandLine: readonly string[];
}

export interface RouteFacts {
  /** `default`, or a network. */
  readonly destination: string;
  readonly device?: string;
  readonly gateway?: string;
  /** As iproute2 prints it, a name or a number. */
  readonly protocol?: string;
}

export interface HostFacts {
  readonly hostname: string;
  readonly machineId: string;
  readonly bootId: string;
  /** When its init began, in seconds since the epoch on its own clock: whatever ran before runs no more. */
  readonly startedAt: number;
  readonly kernel: string;
  readonly architecture: string;
  /** IPv4 addresses with prefix, such as `10.0.0.11/24`, by device. */
  readonly addresses: readonly { readonly device: string; readonly cidr: string }[];
  /** IPv4 routes of the main table. */
  readonly routes: readonly RouteFacts[];
  /** `Network` of flannel's net-conf.json, where there is one. */
  readonly flannelNetworks: readonly string[];
  /** FLANNEL_NETWORK of subnet.env, which whatever agent is there has written. */
  readonly agentNetworks: readonly string[];
  /** What it has of a pod network. */
  readonly network: NetworkFacts;
  /** Whether it changed after the last proof of the datapath. */
  readonly isUnproven: boolean;
  /** Programs that provision installs here, by name. */
  readonly software: ReadonlySet<string>;
  readonly units: ReadonlyMap<string, UnitFacts>;
  /** Controller-managers that others may be made like, by unit, where they were asked for. */
  readonly managers: ReadonlyMap<string, ManagerFacts>;
  /** Certificates (PEM) of the files that were asked for and are there, by path. */
  readonly certificates: ReadonlyMap<string, string>;
  /** Bytes of each file in the artifact cache, by name: `<sha256>` or `<sha256>.part`. */
  readonly cache: ReadonlyMap<string, number>;
}

/** Has a file for each program that provision installs on this host. */
export const softwareFolder = '/var/lib/provision/software';

export const cacheFolder = '/var/lib/provision/cache';

/** There from a host's first change until pods were seen to reach each other. */
export const unprovenMark = '/var/lib/provision/unproven';

const properties =
  'Id,LoadState,ActiveState,MainPID,InvocationID,NRestarts,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic';

/** What is asked of the hosts of a run. */
export interface FactsWish {
  /** Units whose process start is told. */
  readonly units: readonly string[];
  /** Files whose certificates are told. */
  readonly certificateFiles?: readonly string[];
  /** Units of controller-managers that another one is to be made like. */
  readonly managerUnits?: readonly string[];
}

/** One script that prints all facts as `key value` lines; it starts little, and nothing larger than systemctl. */
export function factsScript({ units, certificateFiles = [], managerUnits = [] }: FactsWish): ShellScript {
  return sh`line() { read -r value <"$2" && echo "$1 $value"; }
line hostname /proc/sys/kernel/hostname
line machine /etc/machine-id
line boot /proc/sys/kernel/random/boot_id
line init /proc/1/stat
line kernel /proc/sys/kernel/osrelease
echo "architecture $(uname -m)"
echo "now $(date +%s.%N) $(cat /proc/uptime)"
ip -o -4 addr show 2>/dev/null | sed 's/^/address /'
ip -4 route show table main 2>/dev/null | sed 's/^/route /'
[ ! -f /run/flannel/subnet.env ] || sed -n 's/^FLANNEL_NETWORK=/agent /p' /run/flannel/subnet.env
[ ! -f ${unprovenMark} ] || echo 'unproven yes'
for path in ${ShellScript.trusted(softwareFolder)}/* /var/lib/provision/reset/*; do [ ! -f "$path" ] || case $path in */folders | */made) ;; *) echo "software \${path##*/}" ;; esac; done
[ ! -f /etc/kube-flannel/net-conf.json ] ||
  tr -d ' \n\t' </etc/kube-flannel/net-conf.json | sed -n 's/.*"Network":"\([^"]*\)".*/flannel \1\n/p'
units=$(systemctl show -p ${properties} -- ${units} 2>/dev/null)
printf '%s\n' "$units" | sed 's/^/unit /'
for word in $units; do
  case $word in
    MainPID=0) ;;
    MainPID=*) pid=\${word#MainPID=}; printf 'argv %s ' "$pid"; cat "/proc/$pid/cmdline" 2>/dev/null; echo ;;
  esac
done
${networkFactsScript}
${managerFactsScript(managerUnits)}
for path in ${certificateFiles}; do
  [ ! -r "$path" ] || echo "certificate $(sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$path" | base64 -w 0) $path"
done
stat -c 'cache %s %n' ${ShellScript.trusted(cacheFolder)}/* 2>/dev/null
true`;
}

const after = (line: string, key: string): string => line.slice(key.length + 1);

export function parseFacts(output: string): HostFacts {
  const lines = output.split('\n');
  const value = (key: string): string => after(lines.find((line) => line.startsWith(`${key} `)) ?? '', key);
  const all = (key: string): string[] => lines.filter((l) => l.startsWith(`${key} `)).map((l) => after(l, key));
  const [now = 0, uptime = 0] = value('now').split(' ').map(Number.parseFloat);
  return {
    hostname: value('hostname'),
    machineId: value('machine'),
    bootId: value('boot'),
    startedAt: now - uptime + ticksOf(value('init')) / ticksPerSecond,
    kernel: value('kernel'),
    architecture: value('architecture'),
    addresses: all('address').map((text) => {
      const [, device = '', , cidr = ''] = text.split(/\s+/);
      return { device, cidr };
    }),
    routes: all('route').map(parseRoute),
    flannelNetworks: all('flannel'),
    agentNetworks: all('agent'),
    network: parseNetworkFacts(all),
    isUnproven: value('unproven') === 'yes',
    software: new Set(all('software')),
    units: parseUnits(all('unit'), parseCommandLines(output), now - uptime),
    managers: parseManagerFacts(all('manager')),
    certificates: new Map(
      all('certificate').map((text) => {
        const [pem = '', ...path] = text.split(' ');
        return [path.join(' '), decodeBase64(pem)] as const;
      }),
    ),
    cache: new Map(
      all('cache').map((text) => {
        const [size, path = ''] = text.split(' ');
        return [path.slice(cacheFolder.length + 1), Number(size)] as const;
      }),
    ),
  };
}

/** As the kernel tells them to programs, on every processor this tool is for. */
const ticksPerSecond = 100;

/** The start of a process since boot: the 22nd field of its `stat`, of which the second is a name in brackets. */
const ticksOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0);

/** `10.5.1.0/24 via 10.0.0.12 dev eth0 proto 157 …`, a kind such as `unreachable` before it. */
function parseRoute(line: string): RouteFacts {
  const words = line.trim().split(/\s+/);
  const after = (key: string): string | undefined => words[words.indexOf(key) + 1 || words.length];
  const [device, gateway, protocol] = [after('dev'), after('via'), after('proto')];
  const destination = words.find((word) => word === 'default' || /^\d/.test(word)) ?? '';
  return { destination, ...(device && { device }), ...(gateway && { gateway }), ...(protocol && { protocol }) };
}

/** The words of each process, by its number; the kernel ends each word with a NUL. */
const parseCommandLines = (output: string): ReadonlyMap<number, readonly string[]> =>
  new Map(
    [...output.matchAll(/^argv (\d+) ([\s\S]*?)\0\n/gm)].map(([, pid, words = '']) => [Number(pid), words.split('\0')]),
  );

function parseUnits(
  lines: readonly string[],
  commandLines: ReadonlyMap<number, readonly string[]>,
  bootedAt: number,
): Map<string, UnitFacts> {
  const records: Map<string, string>[] = [];
  for (const line of lines) {
    const [key = '', ...rest] = line.split('=');
    // systemctl prints the units one after another; a property seen again belongs to the next one
    if (records.at(-1)?.has(key) ?? true) records.push(new Map());
    records.at(-1)?.set(key, rest.join('='));
  }
  return new Map(records.map((record) => describeUnit(record, commandLines, bootedAt)).map((one) => [one.unit, one]));
}

function describeUnit(
  record: ReadonlyMap<string, string>,
  commandLines: ReadonlyMap<number, readonly string[]>,
  bootedAt: number,
): UnitFacts {
  const started = Number(record.get('ExecMainStartTimestampMonotonic') ?? 0);
  const microseconds = started || Number(record.get('ActiveEnterTimestampMonotonic') ?? 0);
  const mainPid = Number(record.get('MainPID') ?? 0);
  return {
    unit: record.get('Id') ?? '',
    loaded: record.get('LoadState') === 'loaded',
    isMissing: record.get('LoadState') === 'not-found',
    active: record.get('ActiveState') === 'active',
    mainPid,
    invocationId: record.get('InvocationID') ?? '',
    restarts: Number(record.get('NRestarts') ?? 0),
    startedAt: bootedAt + microseconds / 1e6,
    commandLine: commandLines.get(mainPid) ?? [],
  };
}
