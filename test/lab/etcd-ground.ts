import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAuthority } from '../../src/lab/certificates.ts';
import { authorityFolder } from '../../src/lab/disk-contents.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { type InventoryData, writeInventory } from './inventories.ts';
import { on } from './read-hosts.ts';

export const etcdUnit = 'provision-flannel-etcd.service';

/** A client certificate for flanneld, of the authority that etcd believes. */
export async function issueClient(lab: Lab): Promise<void> {
  const authority = await openAuthority(authorityFolder(lab.folder));
  const { certificate, key } = await authority.issue({ commonName: 'flannel' });
  writeFileSync(join(lab.folder, 'flannel.pem'), certificate);
  writeFileSync(join(lab.folder, 'flannel-key.pem'), key, { mode: 0o600 });
}

/** The lab's inventory with ranges in etcd and no plugins. */
export const writeEtcdInventory = (
  lab: Lab,
  name: string,
  change: (all: InventoryData['all']) => void = () => {},
): string =>
  writeInventory(lab, name, ({ all }) => {
    all.vars['network'] = {
      agent: 'flannel-etcd',
      backend: 'vxlan',
      etcd: {
        endpoints: [`https://${lab.host('cp1').address}:2379`],
        ca: './ssl/ca.pem',
        certificate: './flannel.pem',
        key: './flannel-key.pem',
      },
    };
    Object.assign(all.vars, { cni: 'none' });
    Reflect.deleteProperty(all.vars['artifacts'] ?? {}, 'cni_plugins');
    change(all);
  });

const client =
  'curl -fsS --cacert /opt/k8s/ssl/ca.pem --cert /opt/k8s/ssl/etcd.pem --key /opt/k8s/ssl/etcd-key.pem https://127.0.0.1:2379';
const base64 = (plain: string): string => Buffer.from(plain).toString('base64');

/** Keys of flannel's network by the v3 API, with their values. */
export async function etcdKeys(lab: Lab): Promise<Record<string, string>> {
  const body = JSON.stringify({ key: base64('/coreos.com/network/'), range_end: base64('/coreos.com/network0') });
  const { kvs = [] } = JSON.parse(await on(lab, 'cp1', `${client}/v3/kv/range -d '${body}'`)) as {
    kvs?: readonly { key: string; value: string }[];
  };
  const text = (encoded: string): string => Buffer.from(encoded, 'base64').toString('utf8');
  return Object.fromEntries(kvs.map(({ key, value }) => [text(key), text(value)]));
}

/** The same by the v2 API, as etcd prints it. */
export const olderEtcdKeys = (lab: Lab): Promise<string> =>
  on(lab, 'cp1', `${client}/v2/keys/coreos.com/network?recursive=true 2>/dev/null || echo none`);

/** `--bip` and its like of the Docker that runs. */
export const dockerFlags = (lab: Lab, node: string): Promise<string> =>
  on(
    lab,
    node,
    "tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value docker)/cmdline | grep -e bip -e mtu -e masq | sort; exit 0",
  );

export const bridgeOf = (lab: Lab, node: string): Promise<string> =>
  on(lab, node, "ip -4 -o addr show dev docker0 | awk '{ print $4 }'");

export const subnetOf = (lab: Lab, node: string): Promise<string> =>
  on(lab, node, "sed -n 's/^FLANNEL_SUBNET=//p' /run/flannel/subnet.env");
