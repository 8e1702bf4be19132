import { podRange, serviceRange } from './control-plane.ts';
import { verifyImage } from './parts.ts';

export interface InventoryFacts {
  readonly controlPlane: readonly { readonly name: string; readonly address: string }[];
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  /** Relative to the inventory file. */
  readonly cniPlugins: { readonly path: string; readonly sha256: string } | undefined;
}

/** The lab as an ordinary inventory; paths are relative to the file. */
export function renderInventory({ controlPlane, nodes, cniPlugins }: InventoryFacts): string {
  const group = (hosts: InventoryFacts['nodes']): string =>
    hosts.map(({ name, address }) => `        ${name}: { ansible_host: ${address} }`).join('\n');
  const cluster =
    cniPlugins === undefined
      ? ''
      : `    cluster:
      kubeconfig: ./admin.kubeconfig
      pod_cidr: ${podRange}
      service_cidr: ${serviceRange}
      node_cidr_mask_size: 24
    network:
      agent: static-routes
      backend: host-gw
    artifacts:
      cni_plugins:
        path: ${cniPlugins.path}
        sha256: ${cniPlugins.sha256}
    verify:
      image: ${verifyImage}
`;
  return `# Written by \`lab up\`; changes are lost with the next one.
all:
  vars:
    ansible_user: root
    ansible_ssh_private_key_file: ./id_ed25519
    ssh_known_hosts_file: ./known_hosts
${cluster}  children:
    control_plane:
      hosts:
${group(controlPlane)}
    nodes:
      hosts:
${group(nodes)}
`;
}
