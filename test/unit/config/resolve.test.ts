import { describe, expect, it } from 'vitest';
import { Unknown } from '../../../src/config/expression.ts';
import { hostScope } from '../../../src/config/load-configuration.ts';
import { parsePlaybook } from '../../../src/config/load-playbook.ts';
import { resolveTask } from '../../../src/config/resolve.ts';
import { loadContext } from './context.ts';
import { thrownBy } from './shown.ts';

const peersTemplate = '{{#each peers}}\n{{address}} {{pod_cidr}} {{../motd}}\n{{/each}}\n';
const context = loadContext({
  'peers.hbs': peersTemplate,
  'mtu.hbs': 'MTU\n  x={{network.mtu}}\n',
  'if.hbs': 'MTU={{#if network.mtu}}{{network.mtu}}{{/if}}',
});
const [host] = context.inventory.hosts;
if (!host) throw new Error('no host');
const peers = [{ address: '10.0.0.2', pod_cidr: '10.5.1.0/24' }];
const scope = { ...hostScope(host), node: { name: 'n1', pod_cidr: '10.5.0.0/24' }, facts: {}, peers };

const resolve = (task: string, more: Record<string, unknown> = {}) => {
  const text = `name: up\nstages:\n  - name: s\n    hosts: all\n    tasks:\n      - name: t\n        ${task}\n`;
  const [loaded] = parsePlaybook('up.yaml', text, context).stages[0]?.tasks ?? [];
  if (!loaded) throw new Error('no task');
  return resolveTask(loaded, { ...scope, ...more }, context.templates);
};
const known = (desired: unknown, task = 't') => ({ task, status: 'known', desired });
const after = new Unknown('the controller-manager was restarted');

describe('resolving', () => {
  it.each([
    [
      'fills in text',
      'directory: { path: "/a/{{ node.name }}/{{host.address}}" }',
      [known({ path: '/a/n1/10.0.0.1' })],
    ],
    ['keeps the type of a value', 'node_ready: { seconds: "{{ timeouts.ready_seconds }}" }', [known({ seconds: 300 })]],
    ['takes whole maps', 'unit_flags: { unit: a, flags: "{{ kubelet.flags }}" }', [known({ unit: 'a', flags: {} })]],
    [
      'leaves out what is not set',
      'unit_flags: { unit: a, flags: {}, mtu: "{{ network.mtu }}" }',
      [known({ unit: 'a', flags: {} })],
    ],
    ['says null to an operation that takes it', 'datapath: { image: "{{ verify.image }}" }', [known({ image: null })]],
    [
      'lets a template ask',
      'file: { path: /p, template: if.hbs }',
      [known({ path: '/p', content: 'MTU=', mode: '0644' })],
    ],
    [
      'loops over a list',
      'loop: [a, b]\n        directory: { path: "/{{ item }}" }',
      [known({ path: '/a' }), known({ path: '/b' })],
    ],
    [
      'loops over a variable',
      'loop: "{{ disks }}"\n        directory: { path: "{{ item }}" }',
      [known({ path: 'a' }), known({ path: 'b' })],
    ],
    [
      'chooses among items',
      'loop: [a, b]\n        when: { item: b }\n        directory: { path: x }',
      [{ task: 't', status: 'skipped', because: 'item is a, not b' }, known({ path: 'x' })],
    ],
    [
      'renders a template',
      'file: { path: /p, template: peers.hbs }',
      [known({ path: '/p', content: '10.0.0.2 10.5.1.0/24 hello\n', mode: '0644' })],
    ],
    [
      'skips',
      'when: { network.masquerade: false }\n        directory: { path: x }',
      [{ task: 't', status: 'skipped', because: 'network.masquerade is true, not false' }],
    ],
    ['knows what is not set', 'when: { network.mtu: null }\n        directory: { path: x }', [known({ path: 'x' })]],
  ])('%s', (_, task, expected) => {
    expect(resolve(task)).toEqual(expected);
  });

  const unknown = [{ task: 't', status: 'unknown', until: 'the controller-manager was restarted' }];
  it.each([
    ['directory: { path: "/{{ node.pod_cidr }}" }', { node: { pod_cidr: after } }],
    ['directory: { path: "{{ node.name }}" }', { node: after }],
    ['when: { node.name: n1 }\n        directory: { path: x }', { node: after }],
    ['loop: "{{ peers }}"\n        directory: { path: "{{ item.address }}" }', { peers: after }],
    ['file: { path: /p, template: peers.hbs }', { peers: [{ address: 'x', pod_cidr: after }] }],
  ])('%s waits for what is not known yet', (task, more) => {
    expect(resolve(task, more)).toEqual(unknown);
  });

  it('is certain of a skip even where another condition is unknown', () => {
    const task = 'when: { node.name: n1, network.masquerade: false }\n        directory: { path: x }';
    expect(resolve(task, { node: after })).toMatchObject([{ status: 'skipped' }]);
  });
});

describe('refusing', () => {
  it.each([
    ['directory: { path: "/{{ network.mtu }}" }', '✖ CONFIG_INVALID  up.yaml:7:28\n  "network.mtu" is not set'],
    ['directory: { path: "a{{ kubelet }}" }', '✖ CONFIG_INVALID  up.yaml:7:28\n  "kubelet" is not a text or number'],
    [
      'node_ready: { seconds: "{{ node.name }}" }',
      '✖ CONFIG_INVALID  up.yaml:7:32\n  Invalid input: expected number, received string',
    ],
    ['node_ready: { seconds: "{{ network.mtu }}" }', '✖ CONFIG_INVALID  up.yaml:7:9\n  Missing key: "seconds"'],
    ['file: { path: /p, template: mtu.hbs }', 'mtu.hbs:2:7\n  "network.mtu" is not set\n    2 |   x={{network.mtu}}'],
  ])('%s', (task, expected) => {
    expect(thrownBy(() => resolve(task))).toContain(expected);
  });
});
