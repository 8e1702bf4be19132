import { expect, test } from 'vitest';
import { dockerBridge } from '../../src/operations/runtime/docker-bridge.ts';
import { base64, changesOf } from './case.ts';

interface Seen {
  readonly address?: string;
  readonly range?: string;
  readonly flags?: readonly string[];
  readonly options?: string;
  readonly containers?: number;
  readonly kubelet?: readonly string[];
}

const words = (all: readonly string[]): string => base64(all.map((word) => `${word}\0`).join(''));

const seen = ({
  address = '172.17.0.1/16',
  range = '',
  flags = [],
  options,
  containers = 0,
  kubelet = [],
}: Seen): string =>
  [
    `address ${address}`,
    ...(range ? [`range ${range}`] : []),
    `words ${words(['/usr/sbin/dockerd', '-H', 'fd://', ...flags])}`,
    `kubelet ${words(['/opt/k8s/bin/kubelet', ...kubelet])}`,
    ...(options === undefined ? [] : [`options ${base64(options)}`]),
    `containers ${containers}`,
    '',
  ].join('\n');

const moved = ['docker0: 172.17.0.1/16 → 10.5.1.1/24'];
const range = '10.5.1.1/24';

test.each<[string, Seen, readonly string[]]>([
  ['not told yet', {}, ['docker0: 172.17.0.1/16 → the range that flanneld takes']],
  ['not restarted yet', { range }, moved],
  ['as it is to be', { range, address: range }, []],
  ['settings of something else', { range, options: '{ "exec-opts": ["native.cgroupdriver=systemd"] }' }, moved],
  ['a bip of its own', { options: '{ "bip": "172.30.0.1/16" }' }, ['DOCKER_BRIDGE_CONFLICT']],
  [
    'a bip of its own, also where all is right',
    { range, address: range, options: '{ "mtu": 1400 }' },
    ['DOCKER_BRIDGE_CONFLICT'],
  ],
  ['another bridge', { flags: ['-b', 'br0'] }, ['DOCKER_BRIDGE_CONFLICT']],
  ['a part of the range alone', { flags: ['--fixed-cidr=172.17.5.0/24'] }, ['DOCKER_BRIDGE_CONFLICT']],
  ['a file that Docker would not start with', { options: '{ "debug": true, }' }, ['DOCKER_BRIDGE_CONFLICT']],
  ['flags that ours take the place of', { range, flags: ['--bip=172.30.0.1/16', '--mtu=1500'] }, moved],
  ['a kubelet that calls plugins', { range, kubelet: ['--network-plugin=cni'] }, ['DOCKER_BRIDGE_CONFLICT']],
  ['a kubelet that calls none', { range, kubelet: ['--network-plugin='] }, moved],
  ['containers that stay', { range, options: '{ "live-restore": true }', containers: 3 }, []],
  ['none that stay', { range, options: '{ "live-restore": true }' }, moved],
])('%s', (_, look, expected) => {
  expect(changesOf(dockerBridge, {}, seen(look))).toEqual(expected);
});

test.each<[string, Seen, string | undefined]>([
  ['without live-restore they end', { range, containers: 3 }, 'its restart ends 3 containers here'],
  [
    'with it they stay where they are',
    { flags: ['--live-restore'], containers: 1 },
    'keeps 1 container, and so docker0 keeps 172.17.0.1/16',
  ],
  ['nothing is said where no container runs', { range }, undefined],
  ['nor where nothing is due', { range, address: range, containers: 3 }, undefined],
])('%s', (_, look, expected) => {
  const desired = dockerBridge.schema.parse({});
  const said = dockerBridge.warnings?.(dockerBridge.parse(seen(look), desired), desired) ?? [];
  expect(said.join()).toEqual(expected === undefined ? '' : expect.stringContaining(expected));
});
