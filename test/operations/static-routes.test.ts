import { expect, test } from 'vitest';
import { staticRoutes } from '../../src/operations/network/static-routes.ts';
import { changesOf } from './case.ts';

const wish = {
  cluster_cidr: '10.5.0.0/16',
  subnet: '10.5.1.0/24',
  peers: [{ name: 'node2', pod_cidr: '10.5.2.0/24', address: '10.0.0.12' }],
};
const right = [
  'route 10.5.2.0/24 via 10.0.0.12 dev eth0 ',
  'env FLANNEL_NETWORK=10.5.0.0/16',
  'env FLANNEL_SUBNET=10.5.1.1/24',
  'env FLANNEL_MTU=1500',
  'rule -N PROVISION-POSTRTG',
  'rule -A PROVISION-POSTRTG -s 10.5.0.0/16 -d 10.5.0.0/16 -j RETURN',
  'rule -A PROVISION-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE',
  'jump PROVISION-POSTRTG',
  'rule -N PROVISION-FWD',
  'rule -A PROVISION-FWD -s 10.5.0.0/16 -j ACCEPT',
  'rule -A PROVISION-FWD -d 10.5.0.0/16 -j ACCEPT',
  'jump PROVISION-FWD',
  'peer 10.0.0.12 10.0.0.12 dev eth0 src 10.0.0.11 uid 0 \\    cache ',
];
const without = (text: string) => right.filter((line) => !line.includes(text));

test.each<[string, object, readonly string[], readonly string[]]>([
  ['all there', {}, right, []],
  ['a route is gone', {}, without('route '), ['route 10.5.2.0/24: via 10.0.0.12 (node2)']],
  [
    'a route leads elsewhere',
    {},
    [...without('route '), 'route 10.5.2.0/24 via 10.0.0.9 dev eth0'],
    ['route 10.5.2.0/24: via 10.0.0.9 → via 10.0.0.12 (node2)'],
  ],
  [
    'a route too many',
    {},
    [...right, 'route 10.5.7.0/24 via 10.0.0.17 dev eth0'],
    ['route 10.5.7.0/24: remove: no node has that range'],
  ],
  [
    'a jump is gone',
    {},
    without('jump PROVISION-FWD'),
    ['iptables PROVISION-FWD: write the chain, reached from FORWARD'],
  ],
  [
    'a jump is gone, and the policy drops',
    {},
    [...without('jump PROVISION-FWD'), 'policy DROP'],
    ['iptables PROVISION-FWD: write the chain, reached from FORWARD, whose policy is DROP: it lets pods through'],
  ],
  ['no masquerading wanted', { masquerade: false }, right, ['iptables PROVISION-POSTRTG: remove the chain']],
  ['other MTU', { mtu: 1400 }, right, ['/run/flannel/subnet.env: FLANNEL_MTU=1400']],
  ['a host without pods', { subnet: null }, [right[0] ?? '', right.at(-1) ?? ''], []],
  [
    'a gateway in between',
    {},
    [...without('peer '), 'peer 10.0.0.12 10.0.0.12 via 10.0.0.1 dev eth0 src 10.0.0.11'],
    ['NOT_ON_LINK'],
  ],
  ['no way at all', {}, without('peer '), ['NOT_ON_LINK']],
])('%s', (_name, more, lines, changes) => {
  expect(changesOf(staticRoutes, { ...wish, ...more }, lines.join('\n'))).toEqual(changes);
});
