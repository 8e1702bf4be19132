import type { Host as InventoryHost } from '../../config/host.ts';
import type { ResetWish } from '../../engine/reset-stages.ts';
import { service } from '../../operations/units/service.ts';

/** Services of a node as the playbooks want them, with whatever files there are then. */
export function servicesOf({ settings }: InventoryHost): ResetWish['services'] {
  const { runtime, kubelet, kube_proxy, artifacts, network } = settings;
  const wish = (unit: string, more: object) => service.schema.parse({ unit, state: 'running', ...more });
  const dropIn = (unit: string): string => `/etc/systemd/system/${unit}.d/90-provision.conf`;
  const component = ({ unit, health_url }: { unit: string; health_url: string }, flags: string[], files: string[]) =>
    wish(unit, {
      restart_after: [dropIn(unit), ...files],
      restart_after_flags: flags,
      command_line: true,
      health: { url: health_url },
    });
  const ownsRuntime = artifacts.packages.length > 0 && runtime.type === 'containerd';
  return [
    ...(runtime.type === 'containerd' && runtime.unit !== undefined
      ? [
          {
            unit: runtime.unit,
            program: ownsRuntime ? 'kubelet' : 'containerd',
            desired: wish(runtime.unit, { restart_after: [runtime.config] }),
          },
        ]
      : []),
    // with the range it had before
    ...(network.agent === 'flannel-etcd' && runtime.unit !== undefined
      ? [
          {
            unit: runtime.unit,
            program: 'docker',
            desired: wish(runtime.unit, { restart_after: [dropIn(runtime.unit)], command_line: true }),
          },
        ]
      : []),
    {
      unit: kubelet.unit,
      program: 'kubelet',
      desired: component(kubelet, ['config', 'config-dir'], runtime.type === 'containerd' ? [runtime.config] : []),
    },
    { unit: kube_proxy.unit, program: 'kube-proxy', desired: component(kube_proxy, ['config'], []) },
  ];
}
