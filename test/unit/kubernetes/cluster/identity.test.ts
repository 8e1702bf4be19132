import { expect, it } from 'vitest';
import {
  expectedNodeName,
  type HostIdentity,
  identifyNodes,
  type NodeIdentity,
} from '../../../../src/kubernetes/cluster/identity.ts';

const host = (name: string, more: Partial<HostIdentity> = {}): HostIdentity => ({
  host: name,
  hostname: name,
  machineId: `id-${name}`,
  addresses: [`10.0.0.${name.charCodeAt(0)}`],
  ...more,
});
const node = (name: string, more: Partial<NodeIdentity> = {}): NodeIdentity => ({
  name,
  machineId: `id-${name}`,
  internalIps: [`10.0.0.${name.charCodeAt(0)}`],
  ready: true,
  ...more,
});

it('names a host by node_name, --hostname-override, hostname', () => {
  expect(expectedNodeName(host('A', { nodeName: 'n', hostnameOverride: 'O' }))).toBe('n');
  expect(expectedNodeName(host('A', { hostnameOverride: 'O' }))).toBe('o');
  expect(expectedNodeName(host('A'))).toBe('a');
});

it('names a rebuilt host by what was known before, not by the hostname of its fresh system', () => {
  const rebuilt = { oldMachineIsOff: false };
  expect(expectedNodeName(host('A', { hostname: 'debian', rebuilt }))).toBe('a');
  expect(expectedNodeName(host('A', { hostname: 'debian', rebuilt: { ...rebuilt, wasNode: 'Was' } }))).toBe('was');
  expect(expectedNodeName(host('A', { hostnameOverride: 'o', rebuilt: { ...rebuilt, wasNode: 'was' } }))).toBe('o');
  expect(expectedNodeName(host('A', { nodeName: 'n', hostnameOverride: 'o', rebuilt }))).toBe('n');
});

const elsewhere = { machineId: 'new', addresses: ['10.0.0.9'] };
const rebuilt = (oldMachineIsOff = false) => ({ ...elsewhere, rebuilt: { oldMachineIsOff } });

it.each<[string, HostIdentity[], NodeIdentity[], string[]]>([
  ['a rebuilt host elsewhere', [host('a', rebuilt())], [node('a', { ready: false })], []],
  ['a host elsewhere that is not rebuilt', [host('a', elsewhere)], [node('a', { ready: false })], ['NODE_MISMATCH']],
  ['a rebuilt host whose Node is Ready elsewhere', [host('a', rebuilt())], [node('a')], ['NODE_STILL_RUNS']],
  ['one whose old machine is off', [host('a', rebuilt(true))], [node('a')], []],
  [
    'a rebuilt host with the address of another Node',
    [host('a', rebuilt(true))],
    [node('a', { ready: false }), node('b', { internalIps: ['10.0.0.9'] })],
    ['NODE_MISMATCH'],
  ],
])('%s', (_, hosts, nodes, expected) => {
  expect(identifyNodes(hosts, nodes).errors.map((error) => error.code)).toEqual(expected);
});

it.each<[string, HostIdentity[], NodeIdentity[], string[]]>([
  ['all as it should be', [host('a'), host('b')], [node('a'), node('b')], []],
  ['not registered yet', [host('a')], [], []],
  ['rebuilt: new machine-id', [host('a', { machineId: 'new' })], [node('a')], []],
  ['moved: new address', [host('a', { addresses: ['10.0.0.9'] })], [node('a')], []],
  ['neither fits', [host('a', { machineId: 'new', addresses: ['10.0.0.9'] })], [node('a')], ['NODE_MISMATCH']],
  [
    'a clone under the wrong name',
    [host('b', { nodeName: 'a', machineId: 'id-a' })],
    [node('a'), node('b')],
    ['NODE_MISMATCH'],
  ],
  ['registered under another name', [host('a')], [node('other', { internalIps: ['10.0.0.97'] })], ['NODE_MISMATCH']],
  ['two hosts, one Node', [host('a'), host('b', { nodeName: 'a' })], [], ['NODE_CLAIMED_TWICE']],
])('%s', (_, hosts, nodes, codes) =>
  expect(identifyNodes(hosts, nodes).errors.map((error) => error.code)).toEqual(codes),
);
