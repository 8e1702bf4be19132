import { z } from 'zod';
import type { Inventory } from '../../config/host.ts';
import { atRegistry } from '../../kubernetes/images/image-name.ts';
import { flannelImage, flannelNamespace } from '../../kubernetes/network/flannel-daemonsets.ts';
import { vxlanOverheadBytes } from '../../kubernetes/network/vxlan.ts';
import { podConfigPath } from '../../operations/flannel/flanneld-processes.ts';

/** What pods of flannel are made of, as the inventory alone says; of `daemonset` in the scope of a task. */
export const daemonsetVariables = z.object({
  namespace: z.string(),
  has_own_namespace: z.boolean().describe('whether the namespace is there for flannel alone'),
  image: z.string(),
  has_init_containers: z.boolean(),
  config_folder: z.string().describe('where they find their configuration'),
  interface: z.string().describe('a name, or what the kubelet puts the address of the Node in for'),
  is_vxlan: z.boolean(),
  link_mtu: z.number().nullable().describe('of the packets that carry those of pods; set where that of pods is'),
});

type DaemonsetScope = z.output<typeof daemonsetVariables>;

/** Null where flannel is not run in pods. */
export function daemonsetScope(inventory: Inventory): DaemonsetScope | null {
  const { cni, network, images } = inventory.settings;
  const { version = '', image } = network.flannel;
  if (network.agent !== 'flannel-daemonset') return null;
  const node = inventory.hosts.find(({ name }) => inventory.groups.get('nodes')?.includes(name));
  const { mtu, interface: link } = node?.settings.network ?? network;
  const namespace = flannelNamespace(version);
  return {
    namespace,
    has_own_namespace: namespace !== 'kube-system',
    image: image === undefined ? (flannelImage(version, images.registry) ?? '') : atRegistry(image, images.registry),
    has_init_containers: network.flannel.clean_cni_conf || cni.delivery === 'init-container',
    config_folder: podConfigPath.replace(/\/[^/]*$/, ''),
    interface: link ?? '$(HOST_IP)',
    is_vxlan: network.backend === 'vxlan',
    link_mtu: mtu === undefined ? null : mtu + vxlanOverheadBytes,
  };
}
