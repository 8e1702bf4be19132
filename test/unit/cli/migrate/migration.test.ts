import { expect, test } from 'vitest';
import { describeMigration, type MigrationGround } from '../../../../src/cli/migrate/migration.ts';
import { watchTasks, whatElse } from '../../../../src/cli/migrate/migration-tasks.ts';
import { migrationScope } from '../../../../src/cli/scope/migration-scope.ts';
import type { Inventory } from '../../../../src/config/host.ts';
import type { PodState } from '../../../../src/kubernetes/cluster/cluster.ts';
import { parseFacts } from '../../../../src/operations/facts/facts.ts';
import { formatMigration } from '../../../../src/reporters/migration-lines.ts';
import { readyNode } from '../../../node-state.ts';
import { readyPod } from '../../../operations/pods.ts';

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

test('where nothing is on docker0 and no flannel goes by etcd, there is no story, and it is said so', () => {
  const moved = (name: string) => ({
    name,
    nodeName: name,
    facts: parseFacts(['address 4: docker0    inet 172.17.0.1/16 brd x', 'agent 10.5.0.0/16'].join('\n')),
  });
  const nothing = (more: Partial<MigrationGround> = {}) =>
    describeMigration(
      ground({ hosts: [moved('a'), moved('b')], pods: [pod('new', { address: '10.5.1.7' })], ...more }),
    );
  expect(formatMigration(nothing())).toEqual([
    '',
    'nothing to migrate: these hosts have no docker0 with pods and no flannel with etcd',
    'The pod network 10.5.0.0/16 stays, by static-routes (host-gw); `up` keeps it as it is to be.',
    '',
  ]);
  expect(nothing()).toMatchObject({ isNeeded: false, order: [], pods: [], meanwhile: [] });
  expect(nothing({ purge: true }).meanwhile).toEqual([
    'The keys that a flannel of before may have left in etcd are deleted.',
  ]);
  expect(nothing({ pods }).isNeeded, 'a pod on docker0').toBe(true);
  expect(nothing({ hosts: [host('a', '172.30.5.1/24')] }).isNeeded, 'docker0 of another range').toBe(true);
  const facts = parseFacts(['agent 10.5.0.0/16', flannel].join('\n'));
  expect(nothing({ hosts: [{ name: 'a', nodeName: 'a', facts }] }).isNeeded, 'the flannel is left').toBe(true);
  const fresh = { name: 'a', nodeName: 'a', facts: parseFacts('') };
  expect(nothing({ hosts: [fresh] }).isNeeded, 'containerd, and no pod network yet').toBe(false);
});

test('what is due besides is for `up`, unless it is what only a migration does', () => {
  const [usually, marked] = [{ migrationOnly: false }, { migrationOnly: true }];
  const stages = [
    { name: 'flags', rolling: true, tasks: [usually] },
    { name: 'nodes', rolling: true, tasks: [usually, marked] },
    { name: 'gone', rolling: false, tasks: [marked] },
  ];
  const usual = (...planned: readonly [stage: string, position: number, status?: 'ok'][]): boolean => {
    const tasks = watchTasks(stages);
    for (const [stage, position, status = 'change'] of planned)
      tasks.see({ type: 'task-planned', stage, position, task: 'x', hosts: ['a'], status, changes: [] });
    return tasks.areUsual();
  };
  expect(usual(['nodes', 1], ['gone', 1, 'ok'])).toBe(true);
  expect(usual(['nodes', 1], ['gone', 1])).toBe(false);
  expect(usual(['nodes', 2])).toBe(false);
  expect(watchTasks(stages).leaving).toBe('nodes');
  expect(whatElse('my inventory.yaml')).toBe(
    "nothing above is a migration: ./provision up 'my inventory.yaml' is the command for it, or ./provision roll 'my inventory.yaml' where nodes have to be drained",
  );
});
