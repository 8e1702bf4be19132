import { expect, test } from 'vitest';
import { nodeScope } from '../../../../src/cli/scope/node-scope.ts';
import type { Inventory } from '../../../../src/config/host.ts';

const hosts = [
  { name: 'cp1', connection: { address: '10.0.0.10' }, settings: { network: {} } },
  { name: 'cp1-by-another-name', connection: { address: '10.0.0.110' }, settings: { network: {} } },
];
const scopesWith = (backend: string) => {
  const inventory = { hosts, groups: new Map(), settings: { network: { backend } } } as unknown as Inventory;
  return hosts.map(({ name }) => nodeScope({ name, nodeName: undefined }, { nodes: [], leader: undefined }, inventory));
};

test('a host without a kubelet has an address for VXLAN alone: with routes its files are the same by whatever name it is reached', () => {
  expect(scopesWith('host-gw').map(({ address, overlay_address }) => [address, overlay_address])).toEqual([
    [null, null],
    [null, null],
  ]);
  expect(scopesWith('vxlan').map(({ address, overlay_address }) => [address, overlay_address])).toEqual([
    ['10.0.0.10', '250.0.0.10'],
    ['10.0.0.110', '250.0.0.110'],
  ]);
});
