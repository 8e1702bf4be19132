import { z } from 'zod';
import type { Change } from '../../events.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { seeOwn } from '../system/own-programs.ts';

interface Actual {
  /** Units of the node that run. */
  readonly units: readonly string[];
  /** Processes of pods and those that look after them. */
  readonly processes: number;
  /** Networks of pods, by the names of their namespaces. */
  readonly networks: readonly string[];
}

const see = ShellScript.trusted(`${seeOwn.source}
# pod_processes: by their numbers; those that look after containers come last.
pod_processes() {
  {
    grep -ls kubepods /proc/[0-9]*/cgroup
    grep -lsa 'containerd-shim[-].*k8s' /proc/[0-9]*/cmdline
  } | cut -d/ -f3
}

# node_units: those that run, the kubelet first: nothing it looks after is started again.
node_units() {
  for program in kubelet kube-proxy; do
    unit=$(own_unit "$program") && systemctl is-active --quiet "$unit" && echo "$unit"
  done
}

see_pods() {
  own_unit kubelet >/dev/null || return 0
  node_units | sed 's/^/unit /'
  echo "processes $(pod_processes | wc -l)"
  ls /run/netns 2>/dev/null | sed -n 's/^cni-/network cni-/p'
}
`);

const endPods = ShellScript.trusted(`
end_pods() {
  for unit in $(node_units); do systemctl stop "$unit" || ! systemctl is-active --quiet "$unit"; done
  tries=0
  while pids=$(pod_processes) && [ -n "$pids" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 20 ] || fail PODS_STAY "processes of pods do not end: $(echo $pids)" 'See what they wait for, a volume that does not answer for instance, then run again'
    kill -KILL $pids 2>/dev/null || :
    sleep 0.5
  done
  for network in $(ls /run/netns 2>/dev/null | grep '^cni-'); do ip netns del "$network"; done
  ! ip link show dev cni0 >/dev/null 2>&1 || ip link del cni0
}
`);

/** No pod runs on a node whose kubelet provision installed; one of an operator is left alone. */
export const podsEnded = defineOperation({
  name: 'pods_ended',
  schema: z.strictObject({}),
  timeoutSeconds: 150,
  probe: () => joinScripts([see, sh`see_pods`]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return {
      units: valuesOf('unit'),
      processes: Number(valuesOf('processes')[0] ?? 0),
      networks: valuesOf('network'),
    };
  },
  diff: ({ units, processes, networks }): readonly Change[] => [
    ...units.map((unit) => ({ subject: unit, action: 'stop' })),
    ...(processes > 0 ? [{ subject: 'pods', action: `end their ${processes} processes` }] : []),
    ...(networks.length > 0 ? [{ subject: 'pods', action: `remove their ${networks.length} networks` }] : []),
  ],
  apply: () => joinScripts([see, endPods, sh`end_pods`]),
  undo: { irreversible: 'pods that have ended are gone; `up` makes a node of the host again' },
});
