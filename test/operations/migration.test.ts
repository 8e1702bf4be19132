import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { etcdFlannel } from '../../src/operations/flannel/etcd-flannel.ts';
import { etcdKeys } from '../../src/operations/flannel/etcd-keys.ts';
import { subnetFile } from '../../src/operations/network/subnet-file.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { dockerOwnBridge } from '../../src/operations/runtime/docker-own-bridge.ts';
import { base64, changesOf } from './case.ts';

describe('docker_own_bridge', () => {
  const unit = `# /lib/systemd/system/docker.service
[Service]
EnvironmentFile=/run/flannel/subnet.env
ExecStart=/usr/sbin/dockerd --bip=\${FLANNEL_SUBNET}
`;
  const environment = `environment /run/flannel/subnet.env ${base64('FLANNEL_SUBNET=172.30.5.1/24\n')}`;
  const absent = 'absent - - - - - - -';
  const wish = { kubelet: 'kubelet.service' };
  const running = (...words: readonly string[]) => `running ${base64(words.map((word) => `${word}\0`).join(''))}`;
  const seen = (...lines: readonly string[]) => [absent, `unit ${base64(unit)}`, ...lines].join('\n');
  const stopped = (dropIn: string) => {
    const operation = dockerOwnBridge as unknown as HostOperation;
    const desired = operation.schema.parse(wish);
    const actual = operation.parse(dropIn, desired);
    return operation.stops?.(desired, actual);
  };

  test('says what it was told, and that Docker and the kubelet are stopped for it', () => {
    const output = seen(environment, running('dockerd', '--bip=172.30.5.1/24'), 'bridge 172.30.5.1/24');
    expect(changesOf(dockerOwnBridge, wish, output)).toEqual([
      'docker.service: a bridge of its own by /etc/systemd/system/docker.service.d/zz-provision.conf; /run/flannel/subnet.env is read no more',
      'docker0: stop kubelet.service and docker.service and remove it (172.30.5.1/24, by --bip=172.30.5.1/24): Docker makes it anew',
    ]);
    expect(stopped(output)).toEqual(['docker.service', 'kubelet.service']);
  });

  test('nothing where there is no Docker, or none that is told of its bridge', () => {
    expect(changesOf(dockerOwnBridge, wish, `${absent}\nrunning \n`)).toEqual([]);
    const plain = `unit ${base64('# /lib/systemd/system/docker.service\n[Service]\nExecStart=/usr/sbin/dockerd\n')}`;
    expect(
      changesOf(dockerOwnBridge, wish, [absent, plain, running('dockerd'), 'bridge 172.17.0.1/16'].join('\n')),
    ).toEqual([]);
  });

  test('once our drop-in is there, a file of flannel that is gone is no matter; before, it is', () => {
    const output = seen(running('dockerd'));
    expect(changesOf(dockerOwnBridge, wish, output)).toEqual(['ENVIRONMENT_FILE_MISSING']);
    const there = output.replace(absent, `file 644 0 root 0 root ${'a'.repeat(64)} -`);
    expect(changesOf(dockerOwnBridge, wish, there)).toEqual([]);
  });
});

describe('etcd_flannel', () => {
  const wish = { cluster_cidr: '10.5.0.0/16' };
  const rules = readFileSync(
    new URL('../unit/kubernetes/network/flannel-rules/v0.20.2-nft.txt', import.meta.url),
    'utf8',
  )
    .replaceAll('10.244.', '172.30.')
    .split('\n')
    .filter((line) => /^(\*|:FLANNEL-|-A (POSTROUTING|FORWARD|FLANNEL-[A-Z]+) )/.test(line))
    .map((line) => `rule nft ${line}`);
  const seen = (...lines: readonly string[]) => ['program nft iptables-nft', ...lines].join('\n');

  test('its unit, its device, its rules, and routes to parts of its range by a gateway', () => {
    const changes = changesOf(
      etcdFlannel,
      wish,
      seen(
        ...rules,
        'unit flanneld.service active enabled no ',
        'link flannel.1',
        'route 172.30.7.0/24 via 10.0.0.2 dev eth0',
        'route 172.30.8.0/24 via 172.30.8.0 dev flannel.1 onlink',
        'route 10.5.7.0/24 via 10.0.0.2 dev eth0 proto 157',
        'route 172.31.0.0/16 via 10.0.0.9 dev eth0',
        'environment 10.5.0.0/16',
      ),
    );
    expect(changes.filter((change) => !change.startsWith('iptables'))).toEqual([
      'flanneld.service: stop it, and keep it from being started by /etc/systemd/system/flanneld.service.d/90-provision.conf',
      'flannel.1: remove, with the routes over it',
      'route 172.30.7.0/24 via 10.0.0.2 dev eth0: remove',
    ]);
    expect(changes.filter((change) => change.includes('172.30.0.0/16')).length).toBeGreaterThan(3);
  });

  test('nothing where it is gone', () => {
    expect(changesOf(etcdFlannel, wish, seen('unit flanneld.service inactive disabled yes '))).toEqual([]);
  });

  test('one that failed when it was stopped, or could be started again, is not gone', () => {
    for (const state of ['failed enabled yes', 'inactive disabled no', 'activating disabled yes'])
      expect(changesOf(etcdFlannel, wish, seen(`unit flanneld.service ${state} `)), state).toHaveLength(1);
  });

  test('refused where others would be stopped with it, or where no unit started it', () => {
    expect(changesOf(etcdFlannel, wish, seen('unit flanneld.service active enabled no docker.service '))).toEqual([
      'ETCD_FLANNEL_REQUIRED',
    ]);
    expect(changesOf(etcdFlannel, wish, seen('elsewhere yes'))).toEqual(['ETCD_FLANNEL_WITHOUT_UNIT']);
  });
});

describe('etcd_keys', () => {
  const prefix = 'prefix /coreos.com/network';
  const kvs = ['config', 'subnets/172.30.7.0-24'].map((name) => ({
    key: base64(`/coreos.com/network/${name}`),
    value: base64('{}'),
  }));

  test.each<[string, string, readonly string[]]>([
    ['none on this host', '', []],
    ['none left', `${prefix}\nanswer {"header":{}}`, []],
    [
      'by name',
      `${prefix}\nanswer ${JSON.stringify({ kvs, count: '2' })}`,
      ['etcd /coreos.com/network/: delete config, subnets/172.30.7.0-24'],
    ],
    ['not to be asked', `${prefix}\nunreached curl: (7) Failed to connect`, ['ETCD_UNREACHED']],
    ['of the older API', `${prefix}\nanswer {"header":{}}\nolder yes`, ['ETCD_KEYS_OLDER']],
  ])('%s', (_, output, changes) => expect(changesOf(etcdKeys, {}, output)).toEqual(changes));
});

test.each<['agent' | 'etcd-flannel', string, number]>([
  ['agent', '', 0],
  ['agent', 'left yes', 1],
  ['etcd-flannel', '', 1],
  ['etcd-flannel', 'left yes', 0],
])('subnet_file: %s wanted, seen "%s"', (writer, output, count) => {
  expect(changesOf(subnetFile, { writer }, output)).toHaveLength(count);
});
