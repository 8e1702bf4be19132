import type { PodsCgroup } from '../../kubernetes/kubelet/driver-in-effect.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { parsePodsCgroups, seePodsCgroups } from './pods-cgroups.ts';

/** What a host has that a kubelet may not start with, and what shows that it does. */
export interface SeenConditions {
  readonly cgroup: 1 | 2;
  readonly swaps: readonly string[];
  /** How long the kubelet's process runs, in seconds; 0 where none does, or where its files are newer than it. */
  readonly kubeletSeconds: number;
  readonly isKubeletRunning: boolean;
  /** Whether a pod has run for more than a minute, and whether that is so with a containerd that is newer than its file. */
  readonly isPodThere: boolean;
  readonly hasPods: boolean;
  readonly podsCgroups: readonly PodsCgroup[];
}

const functions = ShellScript.trusted(`
# newest FILE…: when the last one of them was changed, in seconds since 1970.
newest() { { echo 0; stat -L -c %Z -- "$@" 2>/dev/null; } | sort -n | tail -n 1; }

# process UNIT FILE…: when its files changed last, and when its process started, in microseconds since boot; 0 where none runs.
process() {
  _show=$(shown "$1")
  shift
  _state= _pid=0 _began=0 _files=
  while IFS='=' read -r _key _value; do
    case $_key in
      ActiveState) _state=$_value ;;
      MainPID) _pid=$_value ;;
      ExecMainStartTimestampMonotonic) _began=$_value ;;
      FragmentPath | DropInPaths | EnvironmentFiles) _files="$_files \${_value% (ignore_errors=*}" ;;
    esac
  done <<END
$_show
END
  if [ "$_state" = active ] && [ "$_pid" != 0 ]; then
    named=$(tr '\\0' '\\n' <"/proc/$_pid/cmdline" | sed -n 's/^--*config\\(-dir\\)\\{0,1\\}=//p;/^--*config\\(-dir\\)\\{0,1\\}$/{n;p;}')
    for path in $named; do _files="$_files $path $path/*.conf"; done
    echo "$(newest "$@" $_files) $_began"
  else echo '0 0'
  fi
}

# see_conditions UNIT RUNTIME-UNIT RUNTIME-FILE
see_conditions() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then echo cgroup 2; else echo cgroup 1; fi
  [ ! -r /proc/swaps ] || { read -r _; while read -r name _; do echo "swap $name"; done; } </proc/swaps
  read -r uptime _ </proc/uptime
  echo "clock $(date +%s.%N) $uptime"
  echo "kubelet $(process "$1")"
  echo "runtime $(process "$2" "$3")"
  echo "pods $(find /run/containerd/io.containerd.runtime.v2.task/k8s.io -mindepth 1 -maxdepth 1 -mmin +1 2>/dev/null | wc -l)"
}
`);

export const seeConditions = (unit: string, runtimeUnit: string, runtimeFile: string): ShellScript =>
  joinScripts([functions, sh`see_conditions ${unit} ${runtimeUnit} ${runtimeFile}`, seePodsCgroups]);

export function parseConditions(output: string): SeenConditions {
  const lines = readLines(output);
  const field = (key: string): string => lines.find(([name]) => name === key)?.[1] ?? '';
  const numbers = (key: string): number[] => field(key).split(' ').map(Number.parseFloat);
  const [now = 0, uptime = 0] = numbers('clock');
  /** Seconds that a process runs with the files that there are now. */
  const secondsOf = (key: string): number => {
    const [changedAt = 0, micros = 0] = numbers(key);
    const startedAt = now - uptime + micros / 1e6;
    return micros > 0 && startedAt >= changedAt ? now - startedAt : 0;
  };
  const isPodThere = Number(field('pods')) > 0;
  return {
    cgroup: field('cgroup') === '2' ? 2 : 1,
    swaps: lines.filter(([key]) => key === 'swap').map(([, name]) => name),
    kubeletSeconds: secondsOf('kubelet'),
    isKubeletRunning: (numbers('kubelet')[1] ?? 0) > 0,
    isPodThere,
    hasPods: secondsOf('runtime') > 0 && isPodThere,
    podsCgroups: parsePodsCgroups(output),
  };
}
