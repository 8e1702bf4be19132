import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { watchTasks } from '../../src/cli/migrate/migration-tasks.ts';
import { engineVariables } from '../../src/cli/scope/scope.ts';
import { loadConfiguration } from '../../src/config/load-configuration.ts';
import type { Playbook } from '../../src/config/playbook.ts';
import { openTemplates } from '../../src/config/template.ts';
import { operations } from '../../src/operations/registry.ts';

const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

function read(name: string): Playbook {
  const { playbook } = loadConfiguration({
    inventory: inPackage('inventory.example.yaml'),
    playbook: inPackage(`playbooks/${name}.yaml`),
    homeFolder: '/root',
    templates: openTemplates(inPackage('templates')),
    operations,
    engineVariables,
  });
  return playbook;
}

/** The operations of each stage. */
const load = (name: string): readonly (readonly string[])[] =>
  read(name).stages.map(({ tasks }) => tasks.map(({ operation }) => operation));

test('the playbook up fits its operations and the example inventory', () => {
  const operationsOf = load('up');
  expect(operationsOf.at(-1)).toEqual(['pods_in_range']);
  // else a host that loses power in between keeps what flanneld made, and no run knows how to take it back
  const flannel = operationsOf.find((names) => names.includes('flannel_agent')) ?? [];
  expect(flannel.indexOf('service')).toBeGreaterThan(flannel.indexOf('flannel_agent'));
});

test('the playbook roll fits them too; a node is cordoned before it is changed, and takes pods again once it is Ready', () => {
  const nodes = load('roll').at(-1) ?? [];
  const steps = ['cordon', 'drain', 'kubelet_config', 'unit_flags', 'service', 'node_ready', 'uncordon', 'datapath'];
  const positions = steps.map((step) => nodes.indexOf(step));
  expect(positions).not.toContain(-1);
  // the runtime's service comes before the kubelet's files
  const service = nodes.lastIndexOf('service');
  const expected = positions.map((position, index) => (steps[index] === 'service' ? service : position));
  expect(expected).toEqual(expected.toSorted((a, b) => a - b));
});

test('the playbook rebuild-control-plane fits them as well; the unit comes once all that it starts with is there', () => {
  const [software = []] = load('rebuild-control-plane');
  expect(software[0]).toBe('installation');
  const steps = ['binary', 'copied_files', 'client_certificate'].map((step) => software.indexOf(step));
  expect(steps).not.toContain(-1);
  expect(software.lastIndexOf('base_file')).toBeGreaterThan(Math.max(...steps));
});

test('the playbook rebuild ends with what the others see of the node, its pods, and only then new ones', () => {
  expect(load('rebuild').at(-1)?.slice(-3)).toEqual(['datapath', 'pods_back', 'uncordon']);
});

test('the playbook network-change stops agents before it starts one, and cleans up behind the proof', () => {
  const stages = load('network-change');
  // also plugins that came out of an image with the agent of before
  expect(stages.findIndex((names) => names.includes('archive'))).toBeLessThan(
    stages.findIndex((names) => names.includes('hand_over')),
  );
  for (const agent of ['static_routes', 'flannel_agent', 'daemonset_rolled_out']) {
    const operationsOf = stages.find((names) => names.includes(agent)) ?? [];
    expect(operationsOf.indexOf('hand_over')).toBeLessThan(operationsOf.indexOf(agent));
    expect(operationsOf.at(-1)).toBe('datapath');
  }
  const cleaning = stages.findIndex((names) => names.includes('former_agents'));
  expect(cleaning).toBeGreaterThan(stages.findLastIndex((names) => names.includes('hand_over')));
});

test('the playbook migrate leaves docker0 between drain and Ready, and ends the old flannel once all nodes are through', () => {
  const operationsOf = load('migrate-docker0-to-cni');
  const nodes = operationsOf.find((names) => names.includes('docker_own_bridge')) ?? [];
  const steps = ['cordon', 'drain', 'docker_own_bridge', 'subnet_file', 'static_routes', 'cni_config', 'unit_flags'];
  const rest = ['node_ready', 'pods_in_range', 'datapath', 'uncordon', 'pods_running'];
  const positions = [...steps, ...rest].map((step) => nodes.indexOf(step));
  expect(positions).not.toContain(-1);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  // Docker is stopped before anything of the kubelet is changed, and both are started after that
  expect(nodes.lastIndexOf('service')).toBeGreaterThan(nodes.indexOf('unit_flags'));
  // its keys are found by its unit, and etcd is asked with its files
  const places = ['etcd_flannel', 'etcd_keys', 'former_agents'].map((step) =>
    operationsOf.findIndex((names) => names.includes(step)),
  );
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(operationsOf.indexOf(nodes));
});

test('the playbook migrate marks what neither up nor roll does; nodes go in the one rolling stage that has some of it', () => {
  const { stages } = read('migrate-docker0-to-cni');
  const usual = ['up', 'roll'].flatMap((name) => load(name).flat());
  const tasks = stages.flatMap((stage) => stage.tasks);
  const marked = tasks.filter(({ migrationOnly }) => migrationOnly).map(({ operation }) => operation);
  const others = tasks.map(({ operation }) => operation).filter((operation) => !usual.includes(operation));
  // subnet_file has one writer before its node leaves docker0, and another one from then on
  expect(new Set(marked)).toEqual(new Set([...others, 'service']));
  const leaving = stages.find((stage) => stage.tasks.some(({ operation }) => operation === 'docker_own_bridge'));
  expect(watchTasks(stages).leaving).toBe(leaving?.name);
  expect(leaving?.tasks.filter(({ migrationOnly }) => migrationOnly).map(({ operation }) => operation)).toEqual([
    'docker_own_bridge',
    'subnet_file',
    'service',
  ]);
});

test('the agents of network-change start on all hosts or on none', () => {
  for (const { rolling, allOrNone, serial, tasks } of read('network-change').stages)
    expect([rolling, allOrNone, serial]).toEqual(
      tasks.some(({ operation }) => operation === 'hand_over') ? [true, true, undefined] : [false, false, undefined],
    );
});
