import { expect, test } from 'vitest';
import { needsOf, renderStart, wordsLike } from '../../../../src/kubernetes/controller-manager/replica-command.ts';

const binary = '/opt/k8s/bin/kube-controller-manager';

test('the words of another one, with the own address where that one has its own', () => {
  const peer = {
    argv: [
      '/usr/bin/taskset',
      '-c',
      '0',
      binary,
      '--bind-address=10.0.0.11',
      '--address',
      '10.0.0.11',
      '--master=https://10.0.0.11:6443',
    ],
    addresses: ['10.0.0.11'],
  };
  expect(wordsLike(peer, '10.0.0.12')).toEqual([
    '--bind-address=10.0.0.12',
    '--address',
    '10.0.0.12',
    '--master=https://10.0.0.11:6443',
  ]);
  expect(wordsLike({ ...peer, argv: [binary, '--bind-address=127.0.0.1'] }, '10.0.0.12')).toEqual([
    '--bind-address=127.0.0.1',
  ]);
});

test('what its flags name is made, copied, or there; those of the inventory count last', () => {
  const needs = needsOf(
    [
      '--kubeconfig=/conf/manager',
      '--authentication-kubeconfig=/conf/manager',
      '--authorization-kubeconfig=/conf/other',
      '--root-ca-file=/ssl/old.pem',
      '--service-account-private-key-file',
      '/ssl/sa.pem',
      '--log-dir=/logs',
      '--log-file=/logs/one.log',
      '--leader-elect',
      '--leader-elect-resource-lock=endpointsleases',
    ],
    { 'root-ca-file': '/ssl/ca.pem' },
  );
  expect(needs).toEqual({
    kubeconfigs: ['/conf/manager', '/conf/other'],
    folders: ['/logs'],
    files: new Map([
      ['root-ca-file', '/ssl/ca.pem'],
      ['service-account-private-key-file', '/ssl/sa.pem'],
    ]),
    lock: 'leases',
    electsLeader: true,
  });
  expect(needsOf(['--leader-elect'], { 'leader-elect': 'false' }).electsLeader).toBe(false);
  expect(needsOf(['--leader-elect-resource-lock=endpoints'], {}).lock).toBe('endpoints');
});

test('systemd reads each word as it is', () => {
  expect(renderStart(binary, ['--controllers=*,-ttl', '--vmodule=a b', '--x=$y'])).toBe(
    `${binary} \\\n  --controllers=*,-ttl \\\n  "--vmodule=a b" \\\n  --x=$$y`,
  );
});
