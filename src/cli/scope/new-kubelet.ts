import type { Settings } from '../../config/settings.ts';
import { atLeast } from '../../kubernetes/flags/versions.ts';
import type { SoftwareScope } from './software-variables.ts';

/** How the kubelet of a new node is started, by its version and what the inventory says of it. */
export function newKubelet(
  settings: Settings,
): Pick<SoftwareScope, 'kubelet_flags' | 'has_endpoint_field' | 'has_systemd_cgroups' | 'keeps_swap'> {
  const { config } = settings.kubelet;
  const version = settings.artifacts.kubelet?.version ?? '';
  return {
    kubelet_flags: flagsOf(version, settings),
    has_endpoint_field: atLeast(version, '1.27.0'),
    has_systemd_cgroups: config['cgroupDriver'] !== 'cgroupfs',
    keeps_swap: config['failSwapOn'] === false,
  };
}

/** Where the runtime is was a flag until 1.27 brought the field; that there is one, until 1.24. */
function flagsOf(version: string, { identity, runtime, install }: Settings): string[] {
  const bootstrap = identity.method === 'bootstrap' ? [`--bootstrap-kubeconfig=${identity.bootstrap_kubeconfig}`] : [];
  if (atLeast(version, '1.27.0') || runtime.type === 'docker') return bootstrap;
  return [
    ...bootstrap,
    ...(atLeast(version, '1.24.0') ? [] : ['--container-runtime=remote']),
    '--container-runtime-endpoint=unix:///run/containerd/containerd.sock',
    ...(install.sandbox_image === undefined ? [] : [`--pod-infra-container-image=${install.sandbox_image}`]),
  ];
}
