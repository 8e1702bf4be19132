import { createHmac } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprint } from '../../src/transport/known-hosts.ts';
import { knownHostsLine, setUp } from './setting.ts';
import { type KeyPair, makeKey } from './ssh-server.ts';

const print = (key: KeyPair): string => fingerprint(Buffer.from(key.public.split(' ')[1] ?? '', 'base64'));
const hello = { timeoutMs: 10_000 };

test('a known host is accepted', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  expect((await transport.run('echo hello\n', hello)).stdout).toBe('hello\n');
});

test('an unknown host is refused with its fingerprint and nothing runs there', async () => {
  const { connect, server, hostKeys, writeKnownHosts, readKnownHosts } = await setUp();
  writeKnownHosts('');
  await expect(connect()).rejects.toMatchObject({
    code: 'HOST_KEY_UNKNOWN',
    why: expect.stringContaining(hostKeys.map(print).join()),
    fix: expect.stringContaining('--accept-new-host-keys'),
  });
  expect(readKnownHosts()).toBe('');
  expect(server.seen).toMatchObject({ connections: 1, commands: 0 });
});

test('a new key is recorded on a line of its own when asked for, and known from then on', async () => {
  const { connect, server, hostKeys, writeKnownHosts, readKnownHosts } = await setUp();
  const other = 'elsewhere ssh-ed25519 AAAA';
  writeKnownHosts(other);
  await connect({ acceptNewHostKeys: true });
  expect(readKnownHosts()).toBe(`${other}\n${hostKeys.map((key) => knownHostsLine(server.port, key)).join('')}`);
  await connect();
  await connect({ acceptNewHostKeys: true });
  expect(readKnownHosts().split('\n')).toHaveLength(3);
});

test('a known_hosts file that cannot be written is an error, and the connection is closed', async () => {
  const setting = await setUp();
  const file = join(setting.folder, 'link');
  symlinkSync('/proc/nothing', file);
  await expect(setting.connect({ acceptNewHostKeys: true }, { knownHostsFiles: [file] })).rejects.toMatchObject({
    code: 'KNOWN_HOSTS_UNUSABLE',
  });
  await expect.poll(setting.server.openConnections).toBe(0);
});

test('a changed key is refused with both fingerprints and the line of the known one, even when new keys are accepted', async () => {
  const { connect, server, hostKeys, writeKnownHosts, knownHostsFile } = await setUp();
  const former = makeKey('ed25519');
  writeKnownHosts(`# comment\n${knownHostsLine(server.port, former)}`);
  const error = await connect({ acceptNewHostKeys: true }).catch((thrown) => thrown);
  expect(error).toMatchObject({
    code: 'HOST_KEY_CHANGED',
    fix: expect.stringContaining(`ssh-keygen -f ${knownHostsFile} -R '[127.0.0.1]:${server.port}'`),
  });
  expect(error.why.split('\n')).toEqual([
    `offered: ssh-ed25519 ${hostKeys.map(print).join()}`,
    `known:   ssh-ed25519 ${print(former)}  ${knownHostsFile}:2`,
  ]);
  expect(server.seen).toMatchObject({ logins: [], commands: 0 });
});

test('a key that only the second of two files knows is known', async () => {
  const { connect, folder, writeKnownHosts, knownHostsFile, readKnownHosts } = await setUp();
  const second = join(folder, 'second');
  writeFileSync(second, readKnownHosts());
  writeKnownHosts('');
  await connect({}, { knownHostsFiles: [knownHostsFile, second] });
});

test('an alias stands in known_hosts instead of address and port', async () => {
  const { connect, hostKeys, writeKnownHosts, readKnownHosts } = await setUp();
  writeKnownHosts('');
  await connect({ acceptNewHostKeys: true }, { hostKeyAlias: 'Bastion' });
  expect(readKnownHosts()).toBe(hostKeys.map((key) => `bastion ${key.public}\n`).join(''));
  await connect({}, { hostKeyAlias: 'Bastion' });
});

test('a revoked key is refused although another line knows it', async () => {
  const { connect, server, hostKeys, writeKnownHosts } = await setUp();
  const lines = hostKeys.map((key) => knownHostsLine(server.port, key)).join('');
  writeKnownHosts(`${lines}@revoked ${lines}`);
  await expect(connect({ acceptNewHostKeys: true })).rejects.toMatchObject({ code: 'HOST_KEY_REVOKED' });
});

test('an authority alone does not make a plain key known, and the error names its line', async () => {
  const { connect, server, writeKnownHosts, knownHostsFile } = await setUp();
  writeKnownHosts(`@cert-authority ${knownHostsLine(server.port, makeKey('ed25519'))}`);
  await expect(connect()).rejects.toMatchObject({
    code: 'HOST_KEY_UNKNOWN',
    why: expect.stringContaining(`${knownHostsFile}:1`),
  });
});

test('a hashed line is understood', async () => {
  const { connect, server, hostKeys, writeKnownHosts } = await setUp();
  const salt = Buffer.from('0123456789abcdef0123');
  const hash = createHmac('sha1', salt).update(`[127.0.0.1]:${server.port}`).digest('base64');
  writeKnownHosts(`|1|${salt.toString('base64')}|${hash} ${hostKeys.map((key) => key.public).join()}\n`);
  await connect();
});

test('a line for another port does not count', async () => {
  const { connect, server, hostKeys, writeKnownHosts } = await setUp();
  writeKnownHosts(hostKeys.map((key) => knownHostsLine(server.port + 1, key)).join(''));
  await expect(connect()).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
});

test.each(['rsa', 'ecdsa', 'ed25519'] as const)(
  'a host known by its %s key only is asked for that one among three',
  async (type) => {
    const keys = { ed25519: makeKey('ed25519'), ecdsa: makeKey('ecdsa'), rsa: makeKey('rsa') };
    const { connect, server, writeKnownHosts } = await setUp({ hostKeys: Object.values(keys) });
    writeKnownHosts(knownHostsLine(server.port, keys[type]));
    await connect();
  },
);
