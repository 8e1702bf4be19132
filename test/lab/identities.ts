import type { Lab } from '../../src/lab/lab.ts';
import { type InventoryData, writeInventory } from './inventories.ts';

type Install = { files: { path: string }[]; hooks?: Record<string, string> };

/** The lab's inventory with another identity of hosts that it makes nodes of; only what is not theirs is brought as a file. */
export const withIdentity = (
  lab: Lab,
  method: 'ca' | 'bootstrap',
  change: (install: Install, identity: object) => void = () => {},
): string =>
  writeInventory(lab, method, ({ all }) => {
    const conf = '/opt/k8s/conf';
    const proxy = { kubeconfig: `${conf}/kube-proxy.kubeconfig`, certificate: '/opt/k8s/ssl/kube-proxy-client.pem' };
    Object.assign(all.vars, {
      identity: {
        ...(method === 'ca' && { ca: { certificate: './ssl/ca.pem', key: './ssl/ca-key.pem' } }),
        kubeconfig: `${conf}/kubelet.kubeconfig`,
      },
    });
    for (const host of installedHosts(all)) {
      const identity =
        method === 'ca'
          ? { method, certificate: '/opt/k8s/ssl/kubelet-client.pem', kube_proxy: { manage: true, ...proxy } }
          : { method, cert_dir: '/opt/k8s/ssl', bootstrap_kubeconfig: `${conf}/bootstrap.kubeconfig` };
      Object.assign(host, { identity });
      const made = method === 'ca' ? /kubeconfig$/ : /kubelet\.kubeconfig$/;
      host.install.files = host.install.files.filter(({ path }) => !made.test(path));
      change(host.install, identity);
    }
  });

const installedHosts = ({ children }: InventoryData['all']): readonly { install: Install }[] =>
  Object.values(children.nodes.hosts).filter((host): host is { install: Install } => 'install' in host);
