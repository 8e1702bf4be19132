import { ShellScript } from '../../shell.ts';

/** The unit of the flanneld that provision keeps. */
export const flannelUnit = 'provision-flannel.service';

/** The unit of the one that goes by etcd, and a copy of what it finds there. */
export const flannelEtcdUnit = 'provision-flannel-etcd.service';
export const flannelEtcdConfig = '/etc/provision/flannel-etcd/net-conf.json';

/** Where pods of ours find the configuration, in their own file system; by it they are told from those of others. */
export const podConfigPath = '/etc/provision-flannel/net-conf.json';

/**
 * `flanneld_processes`: the folders in /proc of all that run, in pods too; `own_pod_flannelds`: of those in pods of ours;
 * `foreign_flannelds`: of those that are not ours; `etcd_flannelds`: of those on the host that keep their ranges in etcd.
 */
export const flanneldProcesses = ShellScript.trusted(`
flanneld_processes() { grep -lx 'flanneld.*' /proc/[0-9]*/comm 2>/dev/null | sed 's|/comm$||'; }
is_own_pod() { grep -qsF 'net-config-path=${podConfigPath}' "$1/cmdline"; }
own_pod_flannelds() {
  for process in $(flanneld_processes); do ! is_own_pod "$process" || echo "$process"; done
}
foreign_flannelds() {
  for process in $(once flannelds flanneld_processes); do
    grep -qs -e '${flannelUnit}' -e '${flannelEtcdUnit}' "$process/cgroup" || is_own_pod "$process" || echo "$process"
  done
}
etcd_flannelds() {
  for process in $(once flannelds flanneld_processes); do
    grep -qs kubepods "$process/cgroup" || grep -qsi "kube[-_]subnet[-_]mgr" "$process/cmdline" "$process/environ" || echo "$process"
  done
}
unit_of() { sed -n 's|.*/\\([^/]*\\.service\\)$|\\1|p' "$1/cgroup" | head -n 1; }
`);
