import { expect, test } from 'vitest';
import { flannelAgent } from '../../src/operations/flannel/flannel-agent.ts';
import { changesOf } from './case.ts';

const wish = {
  cluster_cidr: '10.5.0.0/16',
  subnet: '10.5.1.0/24',
  backend: 'vxlan',
  vni: 1,
  port: 8472,
  peers: [{ name: 'node2', pod_cidr: '10.5.2.0/24', address: '10.0.0.12' }],
};
const device =
  'device flannel.1 10.5.1.0/32 <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue \\    link/ether b6:c1:87:d7:21:96 \\    vxlan id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto';
const right = [
  'state active',
  'process 5f2c',
  'env FLANNEL_NETWORK=10.5.0.0/16',
  'env FLANNEL_SUBNET=10.5.1.1/24',
  'env FLANNEL_MTU=1450',
  'env FLANNEL_IPMASQ=true',
  device,
  'route 10.5.2.0/24 via 10.5.2.0 dev flannel.1 onlink',
];
const without = (text: string) => right.filter((line) => !line.includes(text));
const made = 'VXLAN 1 on port 8472 with 10.5.1.0/32';

test.each<[string, object, readonly string[], readonly string[]]>([
  ['all there', {}, right, []],
  [
    'no flanneld yet',
    { peers: [] },
    ['state inactive', 'process '],
    [
      'provision-flannel.service: start it, until it has set its routes and rules',
      '/run/flannel/subnet.env: FLANNEL_NETWORK=10.5.0.0/16, FLANNEL_SUBNET=10.5.1.1/24, FLANNEL_IPMASQ=true',
      `flannel.1: make it: ${made}`,
    ],
  ],
  [
    'all there, of a flanneld that is gone',
    {},
    ['state inactive', ...right.slice(1)],
    ['provision-flannel.service: start it, until it has set its routes and rules'],
  ],
  ['another MTU', { mtu: 1400 }, right, ['/run/flannel/subnet.env: FLANNEL_MTU=1400']],
  ['no masquerading', { masquerade: false }, right, ['/run/flannel/subnet.env: FLANNEL_IPMASQ=false']],
  [
    'subnet.env of another Node',
    { subnet: '10.5.3.0/24', backend: 'host-gw', peers: [] },
    right,
    ['/run/flannel/subnet.env: FLANNEL_SUBNET=10.5.3.1/24'],
  ],
  [
    'host-gw, and a node behind a gateway',
    { backend: 'host-gw', nodes: wish.peers },
    [...right, 'peer 10.0.0.12 10.0.0.12 via 10.0.0.1 dev eth0 src 10.0.0.11'],
    ['NOT_ON_LINK'],
  ],
  ['no device', {}, without('device '), [`flannel.1: make it: ${made}`]],
  [
    'a device on another port',
    {},
    [...without('device '), device.replace('8472', '4789')],
    [`flannel.1: VXLAN 1 on port 4789 with 10.5.1.0/32 → ${made}`],
  ],
  [
    'a device without its address',
    {},
    [...without('device '), device.replace('10.5.1.0/32', '-')],
    [`flannel.1: VXLAN 1 on port 8472 with no address → ${made}`],
  ],
  ['no route', {}, without('route '), ['route 10.5.2.0/24: set, to node2']],
  ['a peer on the same link', {}, [...without('route '), 'route 10.5.2.0/24 via 10.0.0.12 dev eth0'], []],
  ['host-gw', { backend: 'host-gw' }, [...without('route '), 'route 10.5.2.0/24 via 10.0.0.12 dev eth0'], []],
  ['a range of its own choice', { runs_in: 'service-with-etcd', subnet: undefined, peers: [] }, right, []],
  [
    'no range yet',
    { runs_in: 'service-with-etcd', subnet: undefined, peers: [] },
    ['state inactive', 'process '],
    [
      'provision-flannel-etcd.service: start it, until it has set its routes and rules',
      '/run/flannel/subnet.env: FLANNEL_NETWORK=10.5.0.0/16, FLANNEL_IPMASQ=true',
      'flannel.1: make it: VXLAN 1 on port 8472 with an address of its range',
    ],
  ],
  [
    'a device with an address of another range than it has taken',
    { runs_in: 'service-with-etcd', subnet: undefined, peers: [] },
    [...without('device '), device.replace('10.5.1.0/32', '10.5.9.0/32')],
    [`flannel.1: VXLAN 1 on port 8472 with 10.5.9.0/32 → ${made}`],
  ],
  ['host-gw with a route through VXLAN', { backend: 'host-gw' }, right, ['route 10.5.2.0/24: set, to node2']],
])('%s', (_, more, output, expected) => {
  expect(changesOf(flannelAgent, { ...wish, ...more }, output.join('\n'))).toEqual(expected);
});

test('one that ran before goes on when a run is taken back', () => {
  const desired = flannelAgent.schema.parse(wish);
  const undoOf = (output: readonly string[]): string => {
    if (typeof flannelAgent.undo !== 'function') throw new TypeError('it can be taken back');
    return flannelAgent.undo(flannelAgent.parse(output.join('\n'), desired), desired).source;
  };
  const inactive = ['state inactive', ...right.slice(1)];
  const stopsOf = (output: readonly string[]) =>
    flannelAgent.undoStops?.(flannelAgent.parse(output.join('\n'), desired), desired);
  expect(undoOf(right)).not.toContain('systemctl stop');
  expect(stopsOf(right)).toEqual([]);
  expect(undoOf(inactive)).toContain('systemctl stop');
  expect(stopsOf(inactive)).toEqual(['provision-flannel.service']);
});

test('packets that do not fit into VXLAN over the interface are refused before flanneld gets a new configuration', () => {
  const seen = [...right, 'link eth0 1500'].join('\n');
  expect(changesOf(flannelAgent, { ...wish, mtu: 1450 }, seen)).toEqual([]);
  expect(changesOf(flannelAgent, { ...wish, mtu: 1451 }, seen)).toEqual(['MTU_TOO_LARGE']);
});
