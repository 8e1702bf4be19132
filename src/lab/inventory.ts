import type { Artifacts } from './artifacts.ts';
import { podRange, serviceRange } from './control-plane.ts';
import { verifyImage } from './parts.ts';
import type { SoftwareArtifacts } from './software.ts';
import type { LabNetwork } from './state.ts';

export interface InventoryFacts {
  readonly controlPlane: readonly { readonly name: string; readonly address: string }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly address: string;
    readonly usesDocker?: boolean;
    readonly further?: string;
  }[];
  readonly network: LabNetwork & {
    /** The release that pods of flannel are of. */
    readonly flannel?: string | undefined;
  };
  /** What makes nodes of blank hosts; undefined where there are none. */
  readonly software?: SoftwareArtifacts;
  /** The folder of the CA's certificate and key, where it is to be used. */
  readonly authority?: string;
  /** Undefined where there is no cluster. */
  readonly artifacts: Artifacts | undefined;
}

/** The lab as an ordinary inventory; paths are relative to the file. */
export function renderInventory({
  controlPlane,
  nodes,
  network,
  artifacts,
  software,
  authority,
}: InventoryFacts): string {
  const group = (hosts: InventoryFacts['nodes']): string =>
    hosts
      .map(({ name, address, usesDocker, further }) => {
        const runtime = usesDocker ? ', runtime: { type: docker }' : '';
        const variables = further === undefined ? '' : `, ${further}`;
        return `        ${name}: { ansible_host: ${address}${runtime}${variables} }`;
      })
      .join('\n');
  const cluster =
    artifacts === undefined
      ? ''
      : `    cluster:
      kubeconfig: ./admin.kubeconfig
      pod_cidr: ${podRange}
      service_cidr: ${serviceRange}
      node_cidr_mask_size: 24
    network:
      agent: ${network.agent}
      backend: ${network.backend}
${network.flannel === undefined ? '' : `      flannel: { version: ${network.flannel} }\n`}    artifacts:
${renderArtifacts(artifacts, software)}${renderAuthority(authority)}    verify:
      image: ${verifyImage}
`;
  return `# Written by \`lab up\`; changes are lost with the next one.
all:
  vars:
    ansible_user: root
    ansible_ssh_private_key_file: ./id_ed25519
    ssh_known_hosts_file: ./known_hosts
    ssh_config_file: none
${cluster}  children:
    control_plane:
      hosts:
${group(controlPlane)}
    nodes:
      hosts:
${group(nodes)}
`;
}

/** Only hosts that say so get certificates of it. */
const renderAuthority = (folder: string | undefined): string =>
  folder === undefined
    ? ''
    : `    identity:\n      ca: { certificate: ./${folder}/ca.pem, key: ./${folder}/ca-key.pem }\n`;

const renderArtifacts = (
  { images = [], ...artifacts }: Artifacts,
  { images: further, ...software }: SoftwareArtifacts = { images: [] },
): string => {
  const single = Object.entries(artifacts).map(([name, keys]) => {
    const lines = Object.entries<string>({ ...keys }).map(([key, value]) => `        ${key}: ${value}\n`);
    return `      ${name}:\n${lines.join('')}`;
  });
  const all = [...images, ...further];
  // in YAML's other form, which is JSON
  const others = Object.entries({ ...software, ...(all.length > 0 && { images: all }) }).map(
    ([name, value]) => `      ${name}: ${JSON.stringify(value)}\n`,
  );
  return [...single, ...others].join('');
};
