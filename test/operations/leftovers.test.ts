import { expect, test } from 'vitest';
import { deadLeases } from '../../src/operations/network/dead-leases.ts';
import { staleLinks } from '../../src/operations/network/stale-links.ts';
import { kernelModule } from '../../src/operations/system/kernel-module.ts';
import { changesOf } from './case.ts';

const hostGw = { agent: 'static-routes', backend: 'host-gw', cluster_cidr: '10.5.0.0/16', subnet: '10.5.1.0/24' };
const flannel = { ...hostGw, agent: 'flannel', backend: 'vxlan' };
const unused = (link: string) => `${link}: remove, with the routes over it: no agent of this host uses it`;

test.each<[string, object, readonly string[], readonly string[]]>([
  ['nothing there', hostGw, [], []],
  ['the bridge of this range', hostGw, ['bridge 10.5.1.1/24', 'pods 3'], []],
  [
    'an empty bridge of another range',
    hostGw,
    ['bridge 10.5.7.1/24', 'pods 0'],
    ['cni0: remove: it has 10.5.7.1/24, the pods of this node have 10.5.1.0/24'],
  ],
  ['one with pods on it', hostGw, ['bridge 10.5.7.1/24', 'pods 3'], ['BRIDGE_IN_USE']],
  ['a host without pods', { ...hostGw, subnet: null }, ['bridge 10.5.7.1/24', 'pods 3'], []],
  ["a stopped flannel's device", hostGw, ['link flannel.1 10.5.1.0/32'], [unused('flannel.1')]],
  ["a running flannel's device", hostGw, ['link flannel.1 10.5.1.0/32', 'flanneld runs'], []],
  ["the agent's own device", { ...hostGw, backend: 'vxlan' }, ['link prov-vxlan 10.5.1.0/32'], []],
  ['one of a backend of before', hostGw, ['link prov-vxlan 10.5.1.0/32'], [unused('prov-vxlan')]],
  ['flannel: its own device', flannel, ['link flannel.1 10.5.1.0/32'], []],
  [
    'flannel: its device with another address',
    flannel,
    ['link flannel.1 10.244.1.0/32'],
    ['flannel.1: remove, with the routes over it: it has 10.244.1.0/32, which is not of 10.5.1.0/24'],
  ],
  ['flannel: the same while it runs', flannel, ['link flannel.1 10.244.1.0/32', 'flanneld runs'], []],
  ['flannel: of another VNI', flannel, ['link flannel.7 10.5.1.0/32', 'flanneld runs'], [unused('flannel.7')]],
  [
    'flannel: subnet.env of another range',
    flannel,
    ['environment 10.244.0.0/16'],
    ['/run/flannel/subnet.env: remove: it is of the network 10.244.0.0/16'],
  ],
  ['static-routes: the agent writes it itself', hostGw, ['environment 10.244.0.0/16'], []],
])('%s', (_name, wish, lines, changes) => {
  expect(changesOf(staleLinks, wish, lines.join('\n'))).toEqual(changes);
});

test('leases are counted, with some of their addresses', () => {
  const lines = [1, 2, 3, 4, 5, 6].map((last) => `lease 10.5.1.${last} ${'a'.repeat(64)}`);
  const wish = { network: 'cbr0', runtime: 'docker' };
  expect(changesOf(deadLeases, wish, [...lines, `state ${'b'.repeat(64)} ${'b'.repeat(64)}`].join('\n'))).toEqual([
    '/var/lib/cni/networks/cbr0: free 6 addresses held for sandboxes that are gone: 10.5.1.1, 10.5.1.2, 10.5.1.3, 10.5.1.4, 10.5.1.5, …',
    '/var/lib/cni/flannel: remove what was kept of 1 sandbox that is gone: bbbbbbbbbbbb',
  ]);
});

test('with a runtime that does not answer nothing is concluded', () => {
  const wish = deadLeases.schema.parse({ network: 'cbr0', runtime: 'docker' });
  const actual = deadLeases.parse('unknown Cannot connect to the Docker daemon', wish);
  expect(deadLeases.diff(actual, wish, { files: new Map() })).toEqual([]);
  expect(deadLeases.warnings?.(actual, wish)).toEqual([expect.stringContaining('Cannot connect')]);
});

test.each([
  ['loaded', ['/etc/modules-load.d/provision-br_netfilter.conf: create']],
  ['', ['br_netfilter: load the module', '/etc/modules-load.d/provision-br_netfilter.conf: create']],
  ['missing 6.1.0-18 kept', ['MODULE_MISSING']],
  ['missing 6.1.0-18 replaced', ['MODULE_MISSING']],
])('a kernel module: %s', (state, changes) => {
  expect(changesOf(kernelModule, { name: 'br_netfilter' }, `absent - - - - - - -\n${state}`)).toEqual(changes);
});
