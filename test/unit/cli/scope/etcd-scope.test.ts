import { expect, test } from 'vitest';
import { etcdScope } from '../../../../src/cli/scope/etcd-scope.ts';
import type { Inventory } from '../../../../src/config/host.ts';
import type { ClusterSnapshot } from '../../../../src/kubernetes/cluster/cluster.ts';

const inventoryWith = (version: string, agent = 'flannel-etcd') => {
  const settings = {
    network: { agent, etcd: { endpoints: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379'], prefix: '/x' } },
    artifacts: { flanneld: { version } },
  };
  const hosts = ['cp1', 'cp2', 'node1'].map((name) => ({ name, settings }));
  const groups = new Map([
    ['control_plane', ['cp1', 'cp2']],
    ['nodes', ['node1']],
  ]);
  return { hosts, groups, settings } as unknown as Inventory;
};
const snapshot = {
  nodes: [
    { name: 'node1', addresses: ['10.0.0.11'] },
    { name: 'node2', addresses: ['10.0.0.12'] },
    { name: 'gone', addresses: [] },
  ],
} as unknown as ClusterSnapshot;

interface Ask {
  readonly host?: string;
  readonly outside?: readonly string[];
  readonly reached?: readonly string[];
  readonly inventory?: Inventory;
}

const scope = ({ host = 'node1', outside = [], reached = ['cp1', 'cp2', 'node1'], inventory }: Ask) =>
  etcdScope(
    { name: host, nodeName: host === 'node1' ? 'node1' : undefined },
    new Map(reached.map((name) => [name, { outsideLimit: outside.includes(name) }])),
    inventory ?? inventoryWith('0.20.2'),
    snapshot,
    { ca: 'CA', certificate: 'C', key: 'K' },
  );

test('one host of the control plane writes: the first that takes part', () => {
  const writers = (ask: Ask) => ['cp1', 'cp2', 'node1'].filter((host) => scope({ ...ask, host }).writes);
  expect(writers({})).toEqual(['cp1']);
  expect(writers({ outside: ['cp1'] })).toEqual(['cp2']);
  expect(writers({ reached: ['node1'] })).toEqual([]);
  expect(writers({ inventory: inventoryWith('0.20.2', 'flannel') })).toEqual([]);
});

test.each([
  ['0.17.0', 'v2'],
  ['v0.17.0', 'v2'],
  ['0.18.0', 'v3'],
  ['0.28.7', 'v3'],
])('flannel %s speaks the API %s of etcd', (version, api) => {
  expect(scope({ inventory: inventoryWith(version) })).toMatchObject({ api });
});

test('flanneld is told where its certificates are, of which the key is a secret, and of the other Nodes', () => {
  const { files, flags, nodes } = scope({});
  expect(files.map(({ path, mode, secret }) => [path, mode, secret])).toEqual([
    ['/etc/provision/flannel-etcd/ca.pem', '0644', false],
    ['/etc/provision/flannel-etcd/client.pem', '0644', false],
    ['/etc/provision/flannel-etcd/client-key.pem', '0600', true],
  ]);
  expect(flags).toEqual([
    '-etcd-cafile=/etc/provision/flannel-etcd/ca.pem',
    '-etcd-certfile=/etc/provision/flannel-etcd/client.pem',
    '-etcd-keyfile=/etc/provision/flannel-etcd/client-key.pem',
  ]);
  expect(nodes).toEqual([{ name: 'node2', address: '10.0.0.12' }]);
});
