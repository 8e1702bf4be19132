/**
 * Scripts that print what an undo has to bring back: files with modes, owners and contents, network, units. Left out is
 * what docs/undo.md names, the logs of services, and what changes by itself.
 */
export const filesScript = `cd /
find etc opt usr/local root home run/flannel -xdev -path opt/k8s/logs -prune -o -printf '%p %y %m %u %g %l\\n' 2>/dev/null | sort
find etc opt usr/local -xdev -path opt/k8s/logs -prune -o -type f -exec sha256sum {} + 2>/dev/null | sort -k 2`;

export const networkScript = `ip -4 route | sed 's, linkdown,,' | sort; ip -4 rule
ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/link \\1/'
for iptables in iptables-nft iptables-legacy; do $iptables-save 2>/dev/null | grep -v '^[#:*]' | grep -v COMMIT; done
sysctl net.ipv4.ip_forward net.ipv4.conf.all.forwarding`;

export const unitsScript = `for unit in kubelet containerd docker kube-controller-manager kube-proxy; do
  echo "$unit $(systemctl is-active $unit) $(systemctl is-enabled $unit 2>/dev/null) $(systemctl show $unit -p DropInPaths)"
  pid=$(systemctl show $unit -p MainPID --value); [ "$pid" = 0 ] || tr '\\0' ' ' </proc/$pid/cmdline; echo
done
systemctl list-unit-files --no-legend | grep -v -e session- -e '\\.scope' | sort`;
