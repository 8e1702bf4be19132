import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { shareSsh } from '../../src/transport/ssh-connection.ts';
import { knownHostsLine, type Setting, setUp } from './setting.ts';
import { makeKey } from './ssh-server.ts';

const hello = { timeoutMs: 10_000 };
const keygen = (folder: string, ...words: string[]) => execFileSync('ssh-keygen', ['-q', ...words], { cwd: folder });

/** A host whose key an authority certified, and a known_hosts file that knows that authority alone. */
async function setUpCertified({ names = '127.0.0.1', key }: { names?: string; key?: string } = {}) {
  const setting: Setting = await setUp();
  const { folder, server, hostKeys, writeKnownHosts } = setting;
  keygen(folder, '-t', 'ed25519', '-N', '', '-f', 'authority');
  writeFileSync(join(folder, 'host.pub'), `${key ?? hostKeys[0]?.public}\n`);
  keygen(folder, '-s', 'authority', '-I', 'host', '-h', '-n', names, 'host.pub');
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim();
  server.behaviour.certificate = Buffer.from(read('host-cert.pub').split(' ')[1] ?? '', 'base64');
  const authority = read('authority.pub');
  writeKnownHosts(`@cert-authority 127.0.0.* ${authority}\n`);
  return { ...setting, authority };
}

test('a host whose key an authority certified is known, and nothing is recorded', async () => {
  const { connect, server, readKnownHosts } = await setUpCertified();
  const before = readKnownHosts();
  const transport = await connect({ acceptNewHostKeys: true });
  expect((await transport.run('echo hello\n', hello)).stdout).toBe('hello\n');
  expect(server.seen.connections).toBe(2);
  expect(readKnownHosts()).toBe(before);
});

test('no certificate is asked for where the key itself is known', async () => {
  const { connect, server, hostKeys, readKnownHosts, writeKnownHosts } = await setUpCertified({ names: 'other' });
  writeKnownHosts(readKnownHosts() + hostKeys.map((key) => knownHostsLine(server.port, key)).join(''));
  await connect();
  expect(server.seen.connections).toBe(1);
});

test('behind a jump host it is asked for through that', async () => {
  const [jump, setting] = [await setUp(), await setUpCertified()];
  const transport = await setting.connect({ share: shareSsh() }, { jump: { ...jump.target, name: 'bastion' } });
  expect((await transport.run('echo hello\n', hello)).stdout).toBe('hello\n');
  expect(jump.server.seen).toMatchObject({ connections: 1, forwarded: 2 });
});

test.each(['', 'Exceeded MaxStartups\r\n'])(
  'asking is tried again when sshd drops it, having said %j',
  async (greeting) => {
    const { connect, server } = await setUpCertified();
    Object.assign(server.behaviour, { drops: 2, greeting });
    await connect({ attempts: 3 });
    expect(server.seen.connections).toBe(4);
  },
);

test('a host that takes the connection and says nothing is asked once', async () => {
  const { connect } = await setUpCertified();
  let connections = 0;
  const listener = createServer(() => {
    connections += 1;
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void listener.close());
  const { port } = listener.address() as AddressInfo;
  await expect(connect({ connectTimeoutMs: 200, attempts: 9 }, { port })).rejects.toMatchObject({
    code: 'HOST_UNREACHABLE',
    why: 'Timed out while waiting for handshake',
  });
  expect(connections).toBe(1);
});

test('asking is given up after the last attempt', async () => {
  const { connect, server } = await setUpCertified();
  server.behaviour.drops = 9;
  await expect(connect({ attempts: 2 })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  expect(server.seen.connections).toBe(2);
});

test('a certificate that does not hold leaves the host unknown, and the error says why', async () => {
  const { connect, server, knownHostsFile, readKnownHosts } = await setUpCertified({ names: 'node1' });
  await expect(connect()).rejects.toMatchObject({
    code: 'HOST_KEY_UNKNOWN',
    why: expect.stringContaining(
      `${knownHostsFile}:1 would vouch for its certificate, but it is for node1, not for 127`,
    ),
    fix: expect.stringContaining('a host certificate that holds for 127.0.0.1'),
  });
  expect(server.seen.logins).toEqual([]);
  await connect({ acceptNewHostKeys: true });
  expect(readKnownHosts()).toContain(`[127.0.0.1]:${server.port} ssh-ed25519`);
});

test('a host that shows the certificate of another host is refused', async () => {
  const { connect, server } = await setUpCertified({ key: makeKey('ed25519').public });
  await expect(connect({ acceptNewHostKeys: true })).rejects.toMatchObject({
    code: 'HOST_KEY_CHANGED',
    why: expect.stringContaining('certified by '),
    fix: expect.not.stringContaining('ssh-keygen'),
  });
  expect(server.seen.logins).toEqual([]);
});

test('a revoked authority, and a revoked key that is certified, are refused', async () => {
  const { connect, hostKeys, authority, readKnownHosts, writeKnownHosts } = await setUpCertified();
  const line = readKnownHosts();
  for (const revoked of [authority, hostKeys[0]?.public]) {
    writeKnownHosts(`${line}@revoked * ${revoked}\n`);
    await expect(connect({ acceptNewHostKeys: true })).rejects.toMatchObject({ code: 'HOST_KEY_REVOKED' });
  }
});
