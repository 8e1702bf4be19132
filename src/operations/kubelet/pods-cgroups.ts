import type { PodsCgroup } from '../../kubernetes/kubelet/driver-in-effect.ts';
import { ShellScript } from '../../shell.ts';
import { readLines } from '../fields.ts';

/** Looks for what kubelets make at the root of cgroups; in cgroup v1 that is below each controller. */
export const seePodsCgroups = ShellScript.trusted(`
see_pods_cgroups() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then set -- /sys/fs/cgroup; else set -- /sys/fs/cgroup/*; fi
  for name in kubepods kubepods.slice; do
    folders= use=idle
    for root; do [ ! -d "$root/$name" ] || folders="$folders $root/$name"; done
    [ -n "$folders" ] || continue
    [ -z "$(find $folders -name cgroup.procs -exec cat {} + 2>/dev/null | head -n 1)" ] || use=busy
    echo "pods-cgroup $name $use"
  done
}
once pods-cgroups see_pods_cgroups`);

export const parsePodsCgroups = (output: string): readonly PodsCgroup[] =>
  readLines(output)
    .filter(([key]) => key === 'pods-cgroup')
    .map(([, value]) => {
      const [name = '', use] = value.split(' ');
      return { driver: name.endsWith('.slice') ? 'systemd' : 'cgroupfs', name, isBusy: use === 'busy' };
    });
