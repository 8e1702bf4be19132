import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAuthority } from '../../src/lab/certificates.ts';
import { authorityFolder } from '../../src/lab/disk-contents.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { type InventoryData, writeInventory } from './inventories.ts';
import { allReady, on } from './read-hosts.ts';
import { nodeNames } from './settle.ts';

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

const asClient = '--cacert /opt/k8s/ssl/ca.pem --cert /opt/k8s/ssl/etcd.pem --key /opt/k8s/ssl/etcd-key.pem';
const server = 'https://127.0.0.1:2379';
const base64 = (plain: string): string => Buffer.from(plain).toString('base64');

export type EtcdApi = 'v2' | 'v3';

/** The lab's etcd speaks the v2 API as well from now on. */
export async function speakOlderApi(lab: Lab): Promise<void> {
  await on(
    lab,
    'cp1',
    "sed -i 's/--client-cert-auth/--client-cert-auth --enable-v2/' /opt/k8s/conf/etcd.env; systemctl restart etcd",
  );
  await allReady(lab, nodeNames(lab));
}

/** Neither key nor value may have a quote in it that the shell would read. */
export const putEtcdKey = (lab: Lab, api: EtcdApi, key: string, value: string): Promise<string> =>
  on(
    lab,
    'cp1',
    api === 'v2'
      ? `curl -fsS ${asClient} -X PUT --data-urlencode 'value=${value}' ${server}/v2/keys${key}`
      : `curl -fsS ${asClient} -d '${JSON.stringify({ key: base64(key), value: base64(value) })}' ${server}/v3/kv/put`,
  );

/** Keys below a prefix, that of flannel's network, with their values. */
export const etcdKeys = (
  lab: Lab,
  api: EtcdApi = 'v3',
  prefix = '/coreos.com/network',
): Promise<Record<string, string>> => (api === 'v2' ? olderKeys : newerKeys)(lab, prefix);

async function newerKeys(lab: Lab, prefix: string): Promise<Record<string, string>> {
  const body = JSON.stringify({ key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) });
  const { kvs = [] } = JSON.parse(await on(lab, 'cp1', `curl -fsS ${asClient} ${server}/v3/kv/range -d '${body}'`)) as {
    kvs?: readonly { key: string; value: string }[];
  };
  const text = (encoded: string): string => Buffer.from(encoded, 'base64').toString('utf8');
  return Object.fromEntries(kvs.map(({ key, value }) => [text(key), text(value)]));
}

interface OlderNode {
  readonly key: string;
  readonly value?: string;
  readonly nodes?: readonly OlderNode[];
}

/** What is not there is answered with an error, which has no node. */
async function olderKeys(lab: Lab, prefix: string): Promise<Record<string, string>> {
  const { node } = JSON.parse(
    await on(lab, 'cp1', `curl -sS ${asClient} '${server}/v2/keys${prefix}?recursive=true'`),
  ) as { node?: OlderNode };
  const pairs = ({ key, value, nodes = [] }: OlderNode): readonly (readonly [string, string])[] =>
    value === undefined ? nodes.flatMap(pairs) : [[key, value]];
  return Object.fromEntries(node === undefined ? [] : pairs(node));
}

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
