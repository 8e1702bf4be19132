import type { Settings } from '../../config/settings.ts';
import type { SoftwareUnits } from './software-units.ts';
import type { SoftwareScope, writtenFiles } from './software-variables.ts';

/** Where kubelet and kube-proxy of a new node have their kubeconfigs. */
export const kubeconfigsOf = ({ identity, install }: Settings): SoftwareScope['kubeconfigs'] => ({
  kubelet: identity.method === undefined ? `${install.conf_dir}/kubelet.kubeconfig` : identity.kubeconfig,
  kube_proxy:
    identity.method !== undefined && identity.kube_proxy.manage
      ? identity.kube_proxy.kubeconfig
      : `${install.conf_dir}/kube-proxy.kubeconfig`,
});

/** Where our files go on a new node. */
export function pathsOf(
  settings: Settings,
  units: SoftwareUnits,
): Readonly<Record<(typeof writtenFiles)[number], string>> {
  const { install, runtime } = settings;
  const kubeconfigs = kubeconfigsOf(settings);
  return {
    ca: `${install.ssl_dir}/ca.pem`,
    containerd_config: runtime.config,
    containerd_unit: unitPath(units.runtime),
    kube_proxy_config: `${install.conf_dir}/kube-proxy.yaml`,
    kube_proxy_kubeconfig: kubeconfigs.kube_proxy,
    kube_proxy_unit: unitPath(units.kube_proxy),
    kubelet_config: `${install.conf_dir}/kubelet.yaml`,
    kubelet_kubeconfig: kubeconfigs.kubelet,
    kubelet_unit: unitPath(units.kubelet),
  };
}

const unitPath = (unit: string): string => `/etc/systemd/system/${unit}`;
