import { type ShellScript, sh } from '../shell.ts';

/** A systemd unit as one look found it; times are seconds since the epoch on the host's own clock. */
export interface UnitFacts {
  readonly unit: string;
  readonly loaded: boolean;
  readonly active: boolean;
  readonly mainPid: number;
  /** Changes at every start of the unit. */
  readonly invocationId: string;
  readonly restarts: number;
  readonly startedAt: number;
  /** The words of the running process, empty when none runs. */
  readonly commandLine: readonly string[];
}

export interface HostFacts {
  readonly hostname: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly kernel: string;
  readonly architecture: string;
  /** IPv4 addresses with prefix, such as `10.0.0.11/24`, by device. */
  readonly addresses: readonly { readonly device: string; readonly cidr: string }[];
  /** IPv4 routes of the main table as `ip route` prints them. */
  readonly routes: readonly string[];
  readonly units: ReadonlyMap<string, UnitFacts>;
  /** Bytes of each file in the artifact cache, by name: `<sha256>` or `<sha256>.part`. */
  readonly cache: ReadonlyMap<string, number>;
}

export const cacheFolder = '/var/lib/provision/cache';

const properties =
  'Id,LoadState,ActiveState,MainPID,InvocationID,NRestarts,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic';

/** One script that prints all facts as `key value` lines; it starts nothing larger than systemctl. */
export function factsScript(units: readonly string[]): ShellScript {
  return sh`echo "hostname $(uname -n)"
echo "machine $(cat /etc/machine-id 2>/dev/null)"
echo "boot $(cat /proc/sys/kernel/random/boot_id)"
echo "kernel $(uname -r)"
echo "architecture $(uname -m)"
echo "now $(date +%s)"
read -r up _ </proc/uptime && echo "uptime $up"
ip -o -4 addr show 2>/dev/null | while read -r _ device _ cidr _; do echo "address $device $cidr"; done
ip -4 route show table main 2>/dev/null | sed 's/^/route /'
systemctl show -p ${properties} -- ${units} 2>/dev/null | sed 's/^/unit /'
for unit in ${units}; do
  pid=$(systemctl show -p MainPID -- "$unit" 2>/dev/null); pid=\${pid#MainPID=}
  [ "\${pid:-0}" -gt 0 ] && tr '\0\n' '\n ' <"/proc/$pid/cmdline" 2>/dev/null | sed "s/^/argv $unit /"
done
for file in ${cacheFolder}/*; do
  [ -f "$file" ] && echo "cache \${file##*/} $(wc -c <"$file")"
done
true`;
}

const after = (line: string, key: string): string => line.slice(key.length + 1);

export function parseFacts(output: string): HostFacts {
  const lines = output.split('\n');
  const value = (key: string): string => after(lines.find((line) => line.startsWith(`${key} `)) ?? '', key);
  const all = (key: string): string[] => lines.filter((l) => l.startsWith(`${key} `)).map((l) => after(l, key));
  const bootedAt = Number(value('now')) - Number(value('uptime'));
  return {
    hostname: value('hostname'),
    machineId: value('machine'),
    bootId: value('boot'),
    kernel: value('kernel'),
    architecture: value('architecture'),
    addresses: all('address').map((text) => {
      const [device = '', cidr = ''] = text.split(' ');
      return { device, cidr };
    }),
    routes: all('route'),
    units: parseUnits(all('unit'), all('argv'), bootedAt),
    cache: new Map(
      all('cache').map((text) => {
        const [name = '', size] = text.split(' ');
        return [name, Number(size)] as const;
      }),
    ),
  };
}

function parseUnits(lines: readonly string[], words: readonly string[], bootedAt: number): Map<string, UnitFacts> {
  const records: Map<string, string>[] = [];
  for (const line of lines) {
    const [key = '', ...rest] = line.split('=');
    // systemctl prints the units one after another; a property seen again belongs to the next one
    if (records.at(-1)?.has(key) ?? true) records.push(new Map());
    records.at(-1)?.set(key, rest.join('='));
  }
  const units = new Map<string, UnitFacts>();
  for (const record of records) {
    const unit = record.get('Id') ?? '';
    const monotonicUs = Number(
      record.get('ExecMainStartTimestampMonotonic') || record.get('ActiveEnterTimestampMonotonic'),
    );
    units.set(unit, {
      unit,
      loaded: record.get('LoadState') === 'loaded',
      active: record.get('ActiveState') === 'active',
      mainPid: Number(record.get('MainPID') ?? 0),
      invocationId: record.get('InvocationID') ?? '',
      restarts: Number(record.get('NRestarts') ?? 0),
      startedAt: bootedAt + monotonicUs / 1e6,
      commandLine: words.filter((text) => text.startsWith(`${unit} `)).map((text) => after(text, unit)),
    });
  }
  return units;
}
