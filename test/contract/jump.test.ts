import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shareSsh } from '../../src/transport/ssh-connection.ts';
import { knownHostsLine, setUp } from './setting.ts';
import { makeKey } from './ssh-server.ts';

const hello = { timeoutMs: 10_000 };

/** A host and a jump host in front of it. */
async function setUpBehind() {
  const [jump, setting] = [await setUp(), await setUp()];
  return { jump, setting, share: shareSsh(), through: { jump: { ...jump.target, name: 'jump host bastion' } } };
}

test('hosts behind one jump host share one connection to it, which goes with the last of them', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  const transports = await Promise.all([...Array(12)].map(() => setting.connect({ share }, through)));
  for (const transport of transports) expect((await transport.run('echo hello\n', hello)).stdout).toBe('hello\n');
  expect(jump.server.seen).toMatchObject({ connections: 1, forwarded: 12, commands: 0 });
  for (const transport of transports.slice(1)) transport.close();
  await expect.poll(setting.server.openConnections).toBe(1);
  expect(jump.server.openConnections()).toBe(1);
  transports[0]?.close();
  await expect.poll(jump.server.openConnections).toBe(0);
});

test('a chain of jump hosts is gone through in its order', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  const first = await setUp();
  const second = { ...through.jump, jump: first.target };
  const transport = await setting.connect({ share }, { jump: second });
  expect((await transport.run('echo hello\n', hello)).stdout).toBe('hello\n');
  for (const { server } of [first, jump]) expect(server.seen).toMatchObject({ connections: 1, forwarded: 1 });
});

test('the key of the jump host is checked before anything is sent, and its error names it', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  jump.writeKnownHosts(knownHostsLine(jump.server.port, makeKey('ed25519')));
  await expect(setting.connect({ share }, through)).rejects.toMatchObject({
    code: 'HOST_KEY_CHANGED',
    what: expect.stringContaining('jump host bastion'),
  });
  expect(jump.server.seen.logins).toEqual([]);
  expect(setting.server.seen.connections).toBe(0);
});

test('the key of the host behind is checked too', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  setting.writeKnownHosts('');
  await expect(setting.connect({ share }, through)).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  expect(setting.server.seen.logins).toEqual([]);
  await expect.poll(jump.server.openConnections).toBe(0);
});

test('one that lets nobody in is asked once for all hosts behind it', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  jump.server.behaviour.keys = [];
  const results = await Promise.allSettled([...Array(5)].map(() => setting.connect({ share }, through)));
  for (const result of results)
    expect(result).toMatchObject({ reason: { code: 'LOGIN_REFUSED', what: expect.stringContaining('bastion') } });
  expect(jump.server.seen.connections).toBe(1);
});

test('one that forwards nothing, and a host that it does not reach', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  jump.server.behaviour.forwards = false;
  const refused = { code: 'HOST_UNREACHABLE', what: expect.stringContaining('through jump host bastion') };
  await expect(setting.connect({ share }, through)).rejects.toMatchObject({
    ...refused,
    fix: expect.stringContaining('AllowTcpForwarding'),
  });
  jump.server.behaviour.forwards = true;
  await expect(setting.connect({ share }, { ...through, port: 1 })).rejects.toMatchObject(refused);
});

test('connections shed by the host behind are tried again over the same connection to the jump host', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  setting.server.behaviour.drops = 2;
  await setting.connect({ share, attempts: 3 }, through);
  expect(jump.server.seen).toMatchObject({ connections: 1, forwarded: 3 });
});

test('losing the jump host is losing the hosts behind it; the next connection opens another', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  const transport = await setting.connect({ share }, through);
  const running = transport.run('echo started; sleep 100\n', { timeoutMs: 60_000, onOutput: () => jump.server.cut() });
  await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  const again = await setting.connect({ share }, through);
  expect((await again.run('echo hello\n', hello)).stdout).toBe('hello\n');
  expect(jump.server.seen.connections).toBe(2);
});

test('a password is for the host alone', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  Object.assign(setting.server.behaviour, { password: 'secret', keys: [] });
  Object.assign(jump.server.behaviour, { password: 'secret' });
  const empty = join(setting.folder, 'empty');
  writeFileSync(empty, '');
  await setting.connect(
    { share },
    { ...through, password: 'secret', identities: [{ file: empty, namedBy: 'default' }] },
  );
  expect(jump.server.seen.logins).toEqual(['publickey']);
  expect(setting.server.seen.logins).toEqual(['none', 'password']);
});

test('a host that disconnects in the packet of the login needs its jump host no longer', async () => {
  const { jump, setting, share, through } = await setUpBehind();
  setting.server.behaviour.disconnectsAtLogin = true;
  const transport = await setting.connect({ share }, through);
  await expect(transport.run('echo hello\n', hello)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await expect.poll(jump.server.openConnections).toBe(0);
});
