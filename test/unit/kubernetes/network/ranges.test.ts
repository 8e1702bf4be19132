import { describe, expect, it } from 'vitest';
import { checkClusterRanges, checkHostNetwork } from '../../../../src/kubernetes/network/range-facts.ts';
import { checkRanges, type RangePlan } from '../../../../src/kubernetes/network/ranges.ts';

const good: RangePlan = {
  clusterCidr: '10.5.0.0/16',
  serviceCidr: '10.96.0.0/12',
  nodeMaskSize: 24,
  hosts: [
    { name: 'a', address: '192.168.1.1' },
    { name: 'b', address: '192.168.1.2' },
  ],
  nodeCount: 2,
};
const codes = (errors: readonly { code: string }[]): string[] => errors.map((error) => error.code);

describe('by the inventory alone', () => {
  it.each<[string, Partial<RangePlan>, string[]]>([
    ['good', {}, []],
    ['service range inside', { serviceCidr: '10.5.96.0/20' }, ['RANGES_OVERLAP']],
    ['unreadable', { clusterCidr: '10.5.0.1/16', serviceCidr: 'x' }, ['CIDR_INVALID', 'CIDR_INVALID']],
    ['mask too short', { nodeMaskSize: 16 }, ['NODE_MASK_INVALID']],
    [
      'mask too long',
      { clusterCidr: '10.0.0.0/8', serviceCidr: '172.30.0.0/16', nodeMaskSize: 25 },
      ['NODE_MASK_INVALID'],
    ],
    ['too many nodes', { nodeMaskSize: 17, nodeCount: 3 }, ['RANGE_TOO_SMALL']],
    ['a host inside', { hosts: [{ name: 'a', address: '10.5.1.1' }] }, ['HOST_INSIDE_RANGE']],
    ['one address twice', { hosts: [good.hosts, good.hosts[0] ?? []].flat() }, ['ADDRESS_DUPLICATE']],
  ])('%s', (_, change, expected) => expect(codes(checkRanges({ ...good, ...change }))).toEqual(expected));
});

describe('with a host seen', () => {
  const network = {
    host: 'a',
    addresses: [
      { device: 'eth0', address: '192.168.1.1/24' },
      { device: 'docker0', address: '172.17.0.1/16' },
      { device: 'cni0', address: '10.5.0.1/24' },
    ],
    routes: [
      { destination: 'default', device: 'eth0', gateway: '192.168.1.254' },
      { destination: '0.0.0.0/0', device: 'eth0' },
      { destination: '10.5.0.0/24', device: 'cni0', protocol: 'kernel' },
      { destination: '10.5.1.0/24', device: 'eth0', gateway: '192.168.1.2', protocol: '117' },
      { destination: '172.17.0.0/16', device: 'docker0', protocol: 'kernel' },
    ],
  };
  const own = { protocol: '117', peers: ['192.168.1.2'] };

  it('takes our own for what they are', () => expect(checkHostNetwork('10.5.0.0/16', network, own)).toEqual([]));
  it('finds docker0 once', () =>
    expect(codes(checkHostNetwork('172.16.0.0/12', network, own))).toEqual(['DOCKER_INSIDE_RANGE']));
  it('finds a foreign route', () =>
    expect(
      codes(
        checkHostNetwork('10.5.0.0/16', { ...network, routes: [{ destination: '10.0.0.0/8', device: 'tun0' }] }, own),
      ),
    ).toEqual(['HOST_NETWORK_OVERLAPS']));
  it('leaves routes through peers to whoever made them', () =>
    expect(
      checkHostNetwork(
        '10.5.0.0/16',
        { ...network, routes: [{ destination: '10.5.9.0/24', device: 'eth0', gateway: '192.168.1.2' }] },
        own,
      ),
    ).toEqual([]));
});

describe('with the cluster seen', () => {
  it.each([
    [
      'good',
      {
        nodes: [{ name: 'a', podCIDR: '10.5.0.0/24' }, { name: 'b' }],
        flannelNetwork: { host: 'a', network: '10.5.0.0/16' },
      },
      [],
    ],
    ['range changed', { nodes: [{ name: 'a', podCIDR: '10.244.0.0/24' }] }, ['CLUSTER_RANGE_CHANGED']],
    [
      'one range twice',
      {
        nodes: [
          { name: 'a', podCIDR: '10.5.1.0/24' },
          { name: 'b', podCIDR: '10.5.1.0/24' },
        ],
      },
      ['NODE_RANGES_OVERLAP'],
    ],
    ['flannel differs', { nodes: [], flannelNetwork: { host: 'a', network: '10.244.0.0/16' } }, ['RANGES_DISAGREE']],
  ])('%s', (_, cluster, expected) => expect(codes(checkClusterRanges('10.5.0.0/16', cluster))).toEqual(expected));

  it('a range that Nodes have left is refused without a way to another one, for there is none', () => {
    const [error] = checkClusterRanges('10.6.0.0/16', { nodes: [{ name: 'a', podCIDR: '10.5.0.0/24' }] });
    expect(error?.what).toBe('The pod range is to be 10.6.0.0/16, but Nodes have ranges outside it: a 10.5.0.0/24');
    expect(error?.fix).toBe(
      'Set the range back to the one that the Nodes have their podCIDRs from. No command gives a cluster another one (`migrate` leads pods from docker0 to the pod network, and nowhere else): it takes Nodes made anew, each drained, deleted and registered again, and all of them gone before a controller-manager starts with it',
    );
  });
});
