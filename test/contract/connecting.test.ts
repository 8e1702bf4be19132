import { writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { setUp } from './setting.ts';

test.each([
  ['missing', undefined],
  ['not a key', 'nonsense\n'],
])('a key file of the inventory that is %s is an error before anything is sent', async (_what, content) => {
  const { connect, server, keyFile } = await setUp();
  const file = `${keyFile}.other`;
  if (content !== undefined) writeFileSync(file, content);
  await expect(connect({}, { identities: [{ file, namedBy: 'inventory' }] })).rejects.toMatchObject({
    code: 'SSH_KEY_UNREADABLE',
    what: expect.stringContaining(file),
  });
  expect(server.seen.connections).toBe(0);
});

test('a closed port is an unreachable host, tried once', async () => {
  const { connect, server } = await setUp();
  const { port } = server;
  await server.close();
  const startedAt = performance.now();
  await expect(connect({ attempts: 10 })).rejects.toMatchObject({
    code: 'HOST_UNREACHABLE',
    why: expect.stringContaining('ECONNREFUSED'),
    fix: `Check that the machine is on and that ssh -p ${port} root@127.0.0.1 answers.`,
  });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  server.close = async () => {};
});

test.each([
  ['at once', ''],
  ['with a line before the protocol', 'Exceeded MaxStartups\r\n'],
  ['after the greeting', 'SSH-2.0-OpenSSH_9.2\r\n'],
])('connections shed %s are tried again, each time after another pause', async (_when, greeting) => {
  const { connect, server } = await setUp();
  Object.assign(server.behaviour, { drops: 2, greeting });
  const random = vi.spyOn(Math, 'random').mockReturnValue(0);
  try {
    const transport = await connect({ attempts: 3 });
    expect(server.seen.connections).toBe(3);
    expect(random).toHaveBeenCalled();
    expect((await transport.run('echo hello\n', { timeoutMs: 10_000 })).stdout).toBe('hello\n');
  } finally {
    random.mockRestore();
  }
});

test('a host that sheds every connection is given up', async () => {
  const { connect, server } = await setUp();
  server.behaviour.drops = 9;
  await expect(connect({ attempts: 2 })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  expect(server.seen.connections).toBe(2);
});

test('a host that disconnects in the packet of the login is one whose connection broke', async () => {
  const { connect, server } = await setUp();
  server.behaviour.disconnectsAtLogin = true;
  const transport = await connect();
  await expect(transport.run('echo hello\n', { timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
    why: expect.stringContaining('PROTOCOL_ERROR'),
  });
});
