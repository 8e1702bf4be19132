import { expect, it } from 'vitest';
import {
  expectedNodeName,
  type HostIdentity,
  identifyNodes,
  type NodeIdentity,
} from '../../../src/kubernetes/identity.ts';

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
  ...more,
});

it('names a host by node_name, --hostname-override, hostname', () => {
  expect(expectedNodeName(host('A', { nodeName: 'n', hostnameOverride: 'O' }))).toBe('n');
  expect(expectedNodeName(host('A', { hostnameOverride: 'O' }))).toBe('o');
  expect(expectedNodeName(host('A'))).toBe('a');
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
