import { expect, test } from 'vitest';
import { staticRoutes } from '../../src/operations/network/static-routes.ts';
import { changesOf } from './case.ts';

const wish = {
  cluster_cidr: '10.5.0.0/16',
  subnet: '10.5.1.0/24',
  peers: [
    { name: 'node2', pod_cidr: '10.5.2.0/24', address: '10.0.0.12' },
    { name: 'cp1', pod_cidr: '250.1.0.10/32', address: '10.1.0.10' },
  ],
  masquerade: false,
  backend: 'vxlan',
  address: '10.0.0.11',
  overlay_address: '10.5.1.0',
};
const device = (settings: string, mac = '02:70:0a:00:00:0b') =>
  `vxlan 4: prov-vxlan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 \\    vxlan ${settings} ttl auto ageing 300 udpcsum addrgenmode eui64 `;
const right = [
  'route 10.5.2.0/24 via 10.5.2.0 dev prov-vxlan onlink ',
  'route 250.1.0.10 via 250.1.0.10 dev prov-vxlan onlink ',
  'env FLANNEL_NETWORK=10.5.0.0/16',
  'env FLANNEL_SUBNET=10.5.1.1/24',
  'env FLANNEL_MTU=1450',
  'rule -N PROVISION-FWD',
  'rule -A PROVISION-FWD -s 10.5.0.0/16 -j ACCEPT',
  'rule -A PROVISION-FWD -d 10.5.0.0/16 -j ACCEPT',
  'jump PROVISION-FWD',
  device('id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport 8472 nolearning'),
  'address lo 127.0.0.1/8',
  'address eth0 10.0.0.11/24',
  'address eth1 192.0.2.11/24',
  'address prov-vxlan 10.5.1.0/32',
  'mtu lo 65536',
  'mtu eth0 1500',
  'mtu eth1 9000',
  'filter 2',
  'neighbour 10.5.2.0 lladdr 02:70:0a:00:00:0c PERMANENT ',
  'neighbour 250.1.0.10 lladdr 02:70:0a:01:00:0a PERMANENT ',
  'forwarding 02:70:0a:00:00:0c dst 10.0.0.12 self permanent',
  'forwarding 02:70:0a:01:00:0a dst 10.1.0.10 self permanent',
  'peer 10.0.0.12 10.0.0.12 dev eth0 src 10.0.0.11 uid 0 \\    cache ',
  'peer 10.1.0.10 10.1.0.10 via 10.0.0.1 dev eth0 src 10.0.0.11 uid 0 \\    cache ',
];
const without = (...texts: readonly string[]) => right.filter((line) => texts.every((text) => !line.startsWith(text)));

test.each<[string, object, readonly string[], readonly string[]]>([
  ['all there', {}, right, []],
  [
    'no device yet',
    {},
    without('vxlan', 'neighbour', 'forwarding', 'filter', 'route', 'address prov'),
    [
      'prov-vxlan: create the device',
      'neighbour 10.5.2.0: at 02:70:0a:00:00:0c (node2)',
      'forwarding 02:70:0a:00:00:0c: to 10.0.0.12 (node2)',
      'neighbour 250.1.0.10: at 02:70:0a:01:00:0a (cp1)',
      'forwarding 02:70:0a:01:00:0a: to 10.1.0.10 (cp1)',
      'route 10.5.2.0/24: via 10.5.2.0 dev prov-vxlan (node2)',
      'route 250.1.0.10: via 250.1.0.10 dev prov-vxlan (cp1)',
    ],
  ],
  ...(
    [
      ['another port', 'id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport 4789 nolearning'],
      ['another number', 'id 2 local 10.0.0.11 dev eth0 srcport 0 0 dstport 8472 nolearning'],
      ['another local address', 'id 1 local 192.0.2.11 dev eth0 srcport 0 0 dstport 8472 nolearning'],
      ['another interface', 'id 1 local 10.0.0.11 dev eth1 srcport 0 0 dstport 8472 nolearning'],
      ['learning', 'id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport 8472'],
    ] as const
  ).map(([name, settings]): [string, object, readonly string[], readonly string[]] => [
    `a device with ${name}`,
    {},
    [...without('vxlan'), device(settings)],
    ['prov-vxlan: make the device anew'],
  ]),
  [
    'a device with another MAC address',
    {},
    [
      ...without('vxlan'),
      device('id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport 8472 nolearning', '02:70:0a:00:00:0c'),
    ],
    ['prov-vxlan: make the device anew'],
  ],
  ['strict reverse paths', {}, [...without('filter'), 'filter 1'], ['prov-vxlan: set up the device']],
  ['no address on the device', {}, without('address prov'), ['prov-vxlan: set up the device']],
  [
    'entries of a peer that is gone',
    {},
    [
      ...right,
      'neighbour 10.5.7.0 lladdr 02:70:0a:00:00:11 PERMANENT',
      'forwarding 02:70:0a:00:00:11 dst 10.0.0.17 self permanent',
    ],
    ['neighbour 10.5.7.0: remove: no peer has it', 'forwarding 02:70:0a:00:00:11: remove: no peer has it'],
  ],
  [
    'a peer that moved to another address',
    {},
    [
      ...without('neighbour 10.5.2', 'forwarding 02:70:0a:00'),
      'neighbour 10.5.2.0 lladdr 02:70:0a:00:00:11 PERMANENT',
      'forwarding 02:70:0a:00:00:11 dst 10.0.0.17 self permanent',
    ],
    [
      'neighbour 10.5.2.0: at 02:70:0a:00:00:0c (node2)',
      'forwarding 02:70:0a:00:00:0c: to 10.0.0.12 (node2)',
      'forwarding 02:70:0a:00:00:11: remove: no peer has it',
    ],
  ],
  [
    'plain routes to peers on the link',
    { vxlan: { direct_routing: true } },
    right,
    [
      'neighbour 10.5.2.0: remove: no peer has it',
      'forwarding 02:70:0a:00:00:0c: remove: no peer has it',
      'route 10.5.2.0/24: via 10.5.2.0 dev prov-vxlan → via 10.0.0.12 (node2)',
    ],
  ],
  [
    'a smaller MTU',
    { mtu: 1400 },
    right,
    ['prov-vxlan: set up the device', '/run/flannel/subnet.env: FLANNEL_MTU=1400'],
  ],
  ['an MTU that does not fit', { mtu: 1451 }, right, ['MTU_TOO_LARGE']],
  [
    'another interface, by address',
    { interface: '192.0.2.11', address: undefined },
    right,
    ['prov-vxlan: make the device anew', '/run/flannel/subnet.env: FLANNEL_MTU=8950'],
  ],
  ['the interface of the address, by name', { interface: 'eth0' }, right, []],
  ['an interface without the address', { interface: 'eth1' }, right, ['INTERFACE_NOT_FOUND']],
  ['an interface that is not there', { interface: 'eth7' }, right, ['INTERFACE_NOT_FOUND']],
  ['an address that is not there', { address: '10.0.0.99' }, right, ['INTERFACE_NOT_FOUND']],
  [
    'an address on the loopback interface alone',
    { address: '10.0.0.99' },
    [...right, 'address lo 10.0.0.99/32'],
    ['INTERFACE_NOT_FOUND'],
  ],
  ['an address that is not told', { address: null }, right, []],
  ['no way to a peer', {}, without('peer 10.1'), ['PEER_UNREACHABLE']],
  [
    'no peers any more',
    { peers: [] },
    right,
    [
      'prov-vxlan: remove the device',
      'route 10.5.2.0/24: remove: no node has that range',
      'route 250.1.0.10: remove: no node has that range',
    ],
  ],
])('%s', (_name, more, lines, changes) => {
  expect(changesOf(staticRoutes, { ...wish, ...more }, lines.join('\n'))).toEqual(changes);
});

test('with host-gw the device goes', () => {
  const peers = wish.peers.slice(0, 1);
  const lines = without('route 250', 'neighbour 250', 'forwarding 02:70:0a:01', 'peer 10.1').join('\n');
  expect(changesOf(staticRoutes, { ...wish, peers, backend: 'host-gw' }, lines)).toEqual([
    'prov-vxlan: remove the device',
    'route 10.5.2.0/24: via 10.5.2.0 dev prov-vxlan → via 10.0.0.12 (node2)',
  ]);
});

test('with host-gw an interface counts only where pods are: a host without them may be known by another address', () => {
  const peers = wish.peers.slice(0, 1);
  const plain = [
    'route 10.5.2.0/24 via 10.0.0.12 dev eth0',
    ...right.filter((line) => /^(address eth|mtu|peer 10.0)/.test(line)),
  ];
  const asked = { ...wish, peers, backend: 'host-gw', interface: 'eth0', address: '203.0.113.5' };
  expect(changesOf(staticRoutes, { ...asked, subnet: null, overlay_address: undefined }, plain.join('\n'))).toEqual([]);
  expect(changesOf(staticRoutes, asked, plain.join('\n'))).toEqual(['INTERFACE_NOT_FOUND']);
});
