import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { etcdFlannel } from '../../src/operations/flannel/etcd-flannel.ts';
import { etcdKeys } from '../../src/operations/flannel/etcd-keys.ts';
import { subnetFile } from '../../src/operations/network/subnet-file.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { dockerOwnBridge } from '../../src/operations/runtime/docker-own-bridge.ts';
import { base64, changesOf, nothingUpcoming } from './case.ts';

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
  const place = '/coreos.com/network';
  const names = ['config', 'subnets/172.30.7.0-24'];
  const answer = (status: number, body: unknown) =>
    `${status} ${base64(typeof body === 'string' ? body : JSON.stringify(body))}`;
  const by = (v2: string, v3: string, prefix = place) => `prefix ${prefix}\nv2 ${v2}\nv3 ${v3}`;
  const newer = answer(200, {
    kvs: names.map((name) => ({ key: base64(`${place}/${name}`), value: base64(`{"of":"${name}"}`) })),
  });
  const leaf = (name: string) => ({ key: `${place}/${name}`, value: `of ${name}`, modifiedIndex: 7 });
  const older = answer(200, {
    node: {
      key: place,
      dir: true,
      nodes: [leaf('config'), { key: `${place}/subnets`, dir: true, nodes: [leaf('subnets/172.30.7.0-24')] }],
    },
  });
  const noNewer = answer(200, { header: {} });
  const noOlder = answer(404, { errorCode: 100, message: 'Key not found' });
  const notSpoken = answer(404, '404 page not found\n');
  const deleted = (api: string, prefix = place) =>
    `etcd ${prefix}/: delete config, subnets/172.30.7.0-24, by the API ${api}`;

  test.each<[string, string, readonly string[]]>([
    ['none on this host', '', []],
    ['none left', by(noOlder, noNewer), []],
    ['none left, by an etcd without v2', by(notSpoken, noNewer), []],
    ['none left, by an etcd without v3', by(noOlder, notSpoken), []],
    ['folders without keys', by(answer(200, { node: { key: place, dir: true } }), noNewer), []],
    ['a key of that name, with none below', by(answer(200, { node: { key: place, value: 'x' } }), noNewer), []],
    ['of v2', by(older, noNewer), [deleted('v2')]],
    ['of v2 alone', by(older, notSpoken), [deleted('v2')]],
    ['of v3', by(noOlder, newer), [deleted('v3')]],
    ['of v3 alone', by(notSpoken, newer), [deleted('v3')]],
    ['of both', by(older, newer), [deleted('v2'), deleted('v3')]],
    ['a prefix without a slash', by(older, noNewer, 'coreos.com/network'), [deleted('v2', 'coreos.com/network')]],
    ['no way to it', `prefix ${place}\nproblem ETCD_UNREACHABLE ${base64('curl: (7)')}`, ['ETCD_UNREACHED']],
    ['nothing to ask with', `prefix ${place}\nproblem CURL_MISSING `, ['ETCD_UNREACHED']],
    ['no etcd there', by(notSpoken, notSpoken), ['ETCD_UNREACHED']],
    ['not allowed by one of them', by(answer(401, { message: 'no' }), newer), ['ETCD_UNREACHED']],
  ])('%s', (_, output, changes) => expect(changesOf(etcdKeys, {}, output)).toEqual(changes));

  const scripts = (output: string) => {
    const operation = etcdKeys as unknown as HostOperation;
    if (typeof operation.undo !== 'function') throw new TypeError('it can be taken back');
    const actual = operation.parse(output, {});
    const questions = ({ source }: { readonly source: string }): readonly string[] =>
      source.split('\n').filter((line) => /^etcd_tell [A-Z]/.test(line));
    return {
      apply: questions(operation.apply({}, actual, nothingUpcoming)),
      undo: questions(operation.undo(actual, {})),
    };
  };

  test('deleted by the API that has them, put back with their values by the same', () => {
    expect(scripts(by(older, noNewer))).toEqual({
      apply: [expect.stringContaining(`'/v2/keys${place}?recursive=true'`)],
      undo: [
        `etcd_tell PUT application/x-www-form-urlencoded 'value=of%20config' /v2/keys${place}/config`,
        `etcd_tell PUT application/x-www-form-urlencoded 'value=of%20subnets%2F172.30.7.0-24' /v2/keys${place}/subnets/172.30.7.0-24`,
      ],
    });
    const { apply, undo } = scripts(by(notSpoken, newer));
    expect(apply).toEqual([expect.stringContaining(`"range_end":"${base64(`${place}0`)}"`)]);
    expect(undo).toEqual(
      names.map((name) =>
        expect.stringContaining(JSON.stringify({ key: base64(`${place}/${name}`), value: base64(`{"of":"${name}"}`) })),
      ),
    );
    expect(scripts(by(older, newer)).undo).toHaveLength(4);
  });
});

test.each<['agent' | 'etcd-flannel', string, number]>([
  ['agent', '', 0],
  ['agent', 'left yes', 1],
  ['etcd-flannel', '', 1],
  ['etcd-flannel', 'left yes', 0],
])('subnet_file: %s wanted, seen "%s"', (writer, output, count) => {
  expect(changesOf(subnetFile, { writer }, output)).toHaveLength(count);
});
