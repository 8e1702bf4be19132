import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUp } from './setting.ts';

const patient = { timeoutMs: 20_000 };
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeAll(() => {
  process.on('unhandledRejection', note).on('uncaughtExceptionMonitor', note);
});

afterAll(() => {
  process.off('unhandledRejection', note).off('uncaughtExceptionMonitor', note);
  expect(unhandled).toEqual([]);
});

test('output, standard error and exit status come back as they are', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  const result = await transport.run('printf "  a\\n\\n b "; printf "oops\\n" >&2; exit 7\n', patient);
  expect(result).toEqual({ stdout: '  a\n\n b ', stderr: 'oops\n', code: 7 });
});

test('a command that a signal killed has no exit status', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  // the shell that ran it tells of the signal, and sshd says its exit status or passes the signal on
  const result = await transport.run('kill -KILL $$\n', patient);
  expect([null, 137]).toContain(result.code);
});

test('characters split over packets arrive whole, also while it runs', async () => {
  const { connect, server } = await setUp();
  server.behaviour.packetBytes = 1;
  const transport = await connect();
  let heard = '';
  const text = 'Grüße, 世界 🚀';
  const result = await transport.run(`printf '%s' '${text}'\n`, {
    ...patient,
    onOutput: (part) => {
      heard += part;
    },
  });
  expect(result.stdout).toBe(text);
  expect(heard).toBe(text);
});

test('several commands at once on one connection do not mix, and are counted', async () => {
  const { connect, server } = await setUp();
  const transport = await connect();
  const results = await Promise.all([1, 2, 3, 4].map((n) => transport.run(`sleep 0.0${n}; echo ${n}\n`, patient)));
  expect(results.map((result) => result.stdout)).toEqual(['1\n', '2\n', '3\n', '4\n']);
  await transport.send('cat >/dev/null', Readable.from(['x']), patient);
  expect(transport.counts).toEqual({ commands: 4, uploads: 1 });
  expect(server.seen).toMatchObject({ connections: 1, commands: 5 });
});

test('a slow answer is waited for, one beyond its time is COMMAND_TIMEOUT, and the connection lives on', async () => {
  const { connect, server } = await setUp();
  const transport = await connect();
  server.behaviour.delayMs = 100;
  expect((await transport.run('echo late\n', patient)).stdout).toBe('late\n');
  server.behaviour.isSilent = true;
  await expect(transport.run('echo never\n', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'COMMAND_TIMEOUT' });
  server.behaviour.isSilent = false;
  expect((await transport.run('echo again\n', patient)).stdout).toBe('again\n');
});

test('an upload that is given up reads its file no further', async () => {
  const { connect, server } = await setUp();
  const transport = await connect();
  server.behaviour.isSilent = true;
  const content = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(65_536);
    })(),
  );
  await expect(transport.send('cat', content, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'COMMAND_TIMEOUT' });
  expect(content.destroyed).toBe(true);
});

test('a file that cannot be read ends the upload with the reason, at once', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  const content = new Readable({
    read() {
      this.destroy(new Error('disk on fire'));
    },
  });
  await expect(transport.send('cat', content, patient)).rejects.toThrow('disk on fire');
  expect((await transport.run('echo still here\n', patient)).stdout).toBe('still here\n');
});

test('a command that does not read what it is sent ends when it ends', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  const result = await transport.send('exit 3', Readable.from([Buffer.alloc(8 << 20)]), patient);
  expect(result.code).toBe(3);
});

test('a connection that breaks during a command is CONNECTION_LOST, now and for later commands', async () => {
  const { connect, server } = await setUp();
  const transport = await connect();
  const running = ['sleep 60\n', 'sleep 61\n'].map((script) => transport.run(script, patient));
  const settled = Promise.allSettled(running);
  await expect.poll(() => server.seen.commands).toBe(2);
  server.cut();
  for (const outcome of await settled) expect(outcome).toMatchObject({ reason: { code: 'CONNECTION_LOST' } });
  await expect(transport.run('echo gone\n', patient)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('a connection that breaks in the middle of output is CONNECTION_LOST, never half an answer', async () => {
  const { connect, server } = await setUp();
  const transport = await connect();
  server.behaviour.cutAtOutput = /half/;
  await expect(transport.run('echo half; sleep 60\n', patient)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('a host that falls silent is lost after four keepalives', async () => {
  const { connect, server } = await setUp();
  const transport = await connect({ keepaliveIntervalMs: 50 });
  const running = transport.run('sleep 60\n', patient);
  const outcome = expect(running).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
    why: expect.stringMatching(/keepalive/i),
  });
  await expect.poll(() => server.seen.commands).toBe(1);
  server.freeze();
  await outcome;
});

test('a broken upload is CONNECTION_LOST and closes its file', async () => {
  const { connect, server, folder } = await setUp();
  const file = join(folder, 'big');
  writeFileSync(file, Buffer.alloc(4 << 20));
  const transport = await connect();
  server.behaviour.cutAfterBytes = 100_000;
  const content = Readable.from([readFileSync(file)]);
  await expect(transport.send('cat >/dev/null', content, patient)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  expect(content.destroyed).toBe(true);
  expect(server.seen.stdinBytes).toBe(100_000);
});
