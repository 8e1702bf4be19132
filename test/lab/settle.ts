import { expect } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { eventually, kubectl, nodeObjects, on, onEach, readyCondition } from './read-hosts.ts';
import { type Run, runUp } from './run-up.ts';

/** What a failed expectation has to show of a run. */
export const told = (run: Run): string =>
  [run.stderr, ...run.failures.map(({ error }) => JSON.stringify(error, null, 1)), ...run.changed].join('\n');

export const namesOf = (lab: Lab): string[] => lab.hosts.map(({ name }) => name);
export const nodeNames = (lab: Lab): string[] => namesOf(lab).filter((name) => name.startsWith('node'));

/** Brings the lab to what its own inventory says, whatever a test before did to it. */
export async function settle(lab: Lab): Promise<void> {
  const run = await runUp(lab.inventoryPath);
  expect(run.code, told(run)).toBe(0);
}

const forgetScript = `systemctl disable --now provision-static-routes.timer provision-static-routes.service
rm -rf /etc/provision /usr/local/lib/provision /etc/systemd/system/provision-static-routes.* /etc/systemd/system/*.service.d/90-provision.conf
rm -rf /opt/cni /etc/cni/net.d/*.conf* /var/lib/provision /run/flannel /run/provision /run/provision.lock /etc/modules-load.d/*provision* /etc/sysctl.d/90-provision.conf
rmdir /etc/systemd/system/*.service.d
ip -4 route flush proto 157
for table in nat:POSTROUTING:PROVISION-POSTRTG filter:FORWARD:PROVISION-FWD; do
  set -- $(echo $table | tr : ' ')
  for iptables in iptables-nft iptables-legacy; do
    # asking for a table makes it
    [ $iptables = iptables-nft ] || grep -qx $1 /proc/net/ip_tables_names || continue
    $iptables -w -t $1 -D $2 -j $3; $iptables -w -t $1 -F $3; $iptables -w -t $1 -X $3
  done
done
ip link del cni0
! grep -q '/opt/cni/bin' /etc/containerd/config.toml || sed -i 's|bin_dir = "/opt/cni/bin"|bin_dir = "/usr/lib/cni"|
s|bin_dirs = .*|bin_dirs = ["/usr/lib/cni"]|' /etc/containerd/config.toml
systemctl daemon-reload
for unit in kube-controller-manager containerd kubelet; do
  if systemctl is-active -q $unit; then systemctl restart $unit; fi
done
exit 0`;

/** Removes by hand what runs have put on hosts: they are as before the first one, but for the podCIDRs of their Nodes. */
export async function forget(lab: Lab, hosts: readonly string[] = namesOf(lab)): Promise<void> {
  await Promise.all(
    hosts.map((host) => on(lab, host, `{ ${forgetScript.replace(/exit 0$/, '')} } 2>/dev/null; exit 0`)),
  );
}

/** From nothing: no trace on any host, and new Nodes, none Ready and none with a podCIDR. */
export async function beginAgain(lab: Lab): Promise<void> {
  const nodes = nodeNames(lab);
  await forget(lab);
  await kubectl(lab, 'delete', 'nodes', '--all');
  await Promise.all(nodes.map((node) => on(lab, node, 'systemctl restart kubelet')));
  await allNotReady(lab, nodes);
}

export const isWithoutNetwork = (message: string): boolean => /cni (config|plugin)/i.test(message);

export async function allNotReady(lab: Lab, names: readonly string[]): Promise<void> {
  await eventually(`${names.join(', ')} are NotReady`, 120, async () => {
    const nodes = await nodeObjects(lab);
    return (
      names.every((name) => {
        const node = nodes.find(({ metadata }) => metadata.name === name);
        const condition = node && readyCondition(node);
        return condition?.status === 'False' && isWithoutNetwork(condition.message);
      }) || JSON.stringify(nodes.map((node) => readyCondition(node)))
    );
  });
}

/** Waits for the kubelets to take down what was deleted: pods of a proof leave the API at once, and their links later. */
export const noPodIsLeft = (lab: Lab): Promise<void> =>
  eventually('no pod is left', 60, async () => {
    const pods = await kubectl(lab, 'get', 'pods', '-A', '-o', 'name');
    const containers = await onEach(lab, nodeNames(lab), 'ctr -n k8s.io containers ls -q');
    return (
      (pods === '' && Object.values(containers).every((one) => one === '')) || `${pods}${JSON.stringify(containers)}`
    );
  });
