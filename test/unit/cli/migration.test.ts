import { expect, test } from 'vitest';
import { describeMigration, type MigrationGround } from '../../../src/cli/migration.ts';
import { migrationScope } from '../../../src/cli/scope/migration-scope.ts';
import type { Inventory } from '../../../src/config/host.ts';
import type { PodState } from '../../../src/kubernetes/cluster/cluster.ts';
import { parseFacts } from '../../../src/operations/facts/facts.ts';
import { formatMigration } from '../../../src/reporters/migration-lines.ts';
import { readyNode } from '../../node-state.ts';
import { readyPod } from '../../operations/pods.ts';

const settings = {
  cluster: { pod_cidr: '10.5.0.0/16' },
  network: { agent: 'static-routes', backend: 'host-gw' },
  roll: { delete_bare_pods: false },
};
const inventory = { settings, groups: new Map([['nodes', ['a', 'b']]]) } as unknown as Inventory;

const flannel = 'etcd-flannel flanneld.service';
const host = (name: string, address: string, ...lines: readonly string[]) => ({
  name,
  nodeName: name,
  facts: parseFacts([`address 4: docker0    inet ${address} brd x`, 'agent 172.30.0.0/16', ...lines].join('\n')),
});
const pod = (name: string, more: Partial<PodState> = {}): PodState =>
  readyPod(name, { address: '172.30.5.2', ...more });
const pods = [
  pod('shop-1'),
  pod('bare', { owner: undefined, address: '172.30.5.3' }),
  pod('logs-x', { owner: { uid: 'd', kind: 'DaemonSet', title: 'DaemonSet logs' }, address: '172.30.5.4' }),
  pod('proxy', { usesHostNetwork: true, address: '10.0.0.1' }),
  pod('new', { address: '10.5.1.7' }),
];
const ground = (more: Partial<MigrationGround> = {}): MigrationGround => ({
  hosts: [host('a', '172.30.5.1/24', flannel), host('b', '172.30.6.1/24', flannel)],
  snapshot: { nodes: [readyNode('a', '10.5.1.0/24'), readyNode('b', '10.5.2.0/24')], leader: undefined },
  pods,
  inventory,
  order: [['a'], ['b']],
  purge: false,
  ...more,
});

test('a migration is told: from where to where, in what order, and what becomes of every pod on docker0', () => {
  const told = describeMigration(ground());
  expect(formatMigration(told)).toEqual([
    '',
    'from  172.30.0.0/16, of flannel with etcd (flanneld.service)',
    '      a: docker0 172.30.5.1/24',
    '      b: docker0 172.30.6.1/24',
    'to    10.5.0.0/16, by static-routes (host-gw)',
    'order 1. a; 2. b',
    'pods on docker0:',
    '      default/shop-1 on a, 172.30.5.2, of Deployment shop, which makes it anew',
    '      default/bare on a, 172.30.5.3, bare: it is lost, nobody makes it again',
    '      default/logs-x on a, 172.30.5.4, of DaemonSet logs, made anew on its node',
    'while it lasts:',
    ...told.meanwhile.map((text) => `      ${text}`),
    '',
  ]);
  expect(told.meanwhile.join('\n')).toMatch(/sees an address of the node[\s\S]*1 bare pod is lost; --delete-bare-pods/);
});

test('what reaches what depends on where a flannel runs, and on who is in the inventory', () => {
  const { meanwhile } = describeMigration(
    ground({
      hosts: [host('a', '172.30.5.1/24', flannel), host('b', '172.17.0.1/16')],
      snapshot: { nodes: [readyNode('a'), readyNode('b'), readyNode('c')], leader: undefined },
      pods: [],
      purge: true,
    }),
  );
  expect(meanwhile.join('\n')).toMatch(
    /No flannel with etcd runs on b:[\s\S]*c is not in the inventory[\s\S]*are deleted at the end/,
  );
});

test('a node has left docker0 once its subnet.env is of the new range; one host purges for all', () => {
  const of = (name: string, network: string) =>
    migrationScope({ name, facts: parseFacts(`agent ${network}`) }, inventory, true);
  expect(of('a', '172.30.0.0/16')).toEqual({ is_on_docker0: true, purges: true });
  expect(of('b', '10.5.0.0/16')).toEqual({ is_on_docker0: false, purges: false });
  expect(of('cp1', '172.30.0.0/16').is_on_docker0).toBe(false);
});
