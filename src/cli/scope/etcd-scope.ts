import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import { atLeast } from '../../kubernetes/flags/versions.ts';

/** The first flannel that speaks the v3 API of etcd, and no older one. */
const flannelWithV3 = '0.18.0';

const folder = '/etc/provision/flannel-etcd';
const paths = { ca: `${folder}/ca.pem`, certificate: `${folder}/client.pem`, key: `${folder}/client-key.pem` };

/** What flannel needs of etcd; of `etcd` in the scope of a task. */
export const etcdVariables = z.object({
  writes: z
    .boolean()
    .describe('whether this host asks etcd for all others: the first of the control plane that takes part'),
  api: z.enum(['v2', 'v3']),
  addresses: z.string().describe('with commas between them'),
  ca: z.string().optional().describe('PEM'),
  certificate: z.string().optional().describe('PEM'),
  key: z.string().optional().describe('PEM'),
  files: z
    .array(z.object({ path: z.string(), content: z.string(), mode: z.string(), secret: z.boolean() }))
    .describe('certificates, where flanneld finds them'),
  flags: z.array(z.string()).describe('flags of flanneld that name them'),
  nodes: z.array(z.object({ name: z.string(), address: z.string() })).describe('the other Nodes'),
});

export type EtcdFiles = Partial<Readonly<Record<keyof typeof paths, string>>>;

/** Read once from the files that the inventory names; the key is a secret. */
export function readEtcdFiles({ settings }: Inventory, hide: (secret: string) => void): EtcdFiles {
  const { ca, certificate, key } = settings.network.etcd ?? {};
  const read = (name: keyof typeof paths, path: string | undefined) =>
    path === undefined ? {} : { [name]: readFileSync(path, 'utf8') };
  const files: EtcdFiles = { ...read('ca', ca), ...read('certificate', certificate), ...read('key', key) };
  if (files.key !== undefined) hide(files.key);
  return files;
}

/** Nothing where flannel does not go by etcd. */
export function etcdScope(
  { name, nodeName }: Pick<Host, 'name' | 'nodeName'>,
  hosts: ReadonlyMap<string, Pick<Host, 'outsideLimit'>>,
  inventory: Inventory,
  snapshot: ClusterSnapshot,
  files: EtcdFiles,
) {
  const { network, artifacts } = inventory.settings;
  if (network.agent !== 'flannel-etcd' || network.etcd === undefined)
    return { writes: false, files: [], flags: [], nodes: [] };
  const first = inventory.groups.get('control_plane')?.find((one) => hosts.get(one)?.outsideLimit === false);
  const own = inventory.hosts.find((host) => host.name === name)?.settings.artifacts.flanneld ?? artifacts.flanneld;
  const named = (['ca', 'certificate', 'key'] as const).filter((one) => files[one] !== undefined);
  const flags = { ca: '-etcd-cafile', certificate: '-etcd-certfile', key: '-etcd-keyfile' };
  return {
    writes: name === first,
    api: atLeast(own?.version ?? '', flannelWithV3) ? 'v3' : 'v2',
    addresses: network.etcd.endpoints.join(','),
    ...files,
    files: named.map((one) => ({
      path: paths[one],
      content: files[one],
      mode: one === 'key' ? '0600' : '0644',
      secret: one === 'key',
    })),
    flags: named.map((one) => `${flags[one]}=${paths[one]}`),
    nodes: snapshot.nodes.flatMap(({ name: other, addresses: [address] }) =>
      other === nodeName || address === undefined ? [] : [{ name: other, address }],
    ),
  };
}
