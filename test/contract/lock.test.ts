import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { canMakeHosts } from './private-host.ts';
import { item, setUp, travel } from './setting.ts';

const it = test.skipIf(!canMakeHosts);

it('a second run that finds the host locked is told by whom, and does nothing', async () => {
  const { host, connect, server } = await setUp();
  const [first, second] = [await connect(), await connect()];
  const gate = host.path(`${host.scratch}/go`);
  const wait = `while [ ! -e ${host.scratch}/go ]; do sleep 0.05; done`;
  const holding = travel(first, [item(wait, { kind: 'apply' })], { lock: "anna's laptop, run 1" });
  await expect.poll(() => readFileSync(host.path('/run/provision.lock'), 'utf8')).toBe("anna's laptop, run 1\n");
  const touch = item(`: >${host.scratch}/touched`, { kind: 'apply' });
  expect(await travel(second, [touch], { lock: 'run 2' })).toMatchObject({
    lockedBy: "anna's laptop, run 1",
    finished: false,
    answers: new Map(),
  });
  const looked = await travel(second, [item(`ls ${host.scratch}`, { id: 'look' })]);
  expect(looked.answers.get('look'), 'looking takes no lock').toMatchObject({ code: 0, stdout: '' });
  writeFileSync(gate, '');
  expect((await holding).finished).toBe(true);
  expect((await travel(second, [touch], { lock: 'run 2' })).finished, 'free again').toBe(true);
  expect(server.seen.connections).toBe(2);
});

it('what a task leaves running does not hold the lock', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  const daemon = item('sleep 62 >/dev/null 2>&1 &', { kind: 'apply' });
  expect((await travel(transport, [daemon], { lock: 'one' })).finished).toBe(true);
  expect((await travel(transport, [item(':')], { lock: 'two' })).finished).toBe(true);
});

it('a trip whose connection broke keeps the lock until it has ended', async () => {
  const { host, server, connect } = await setUp();
  const transport = await connect();
  const wait = `while [ ! -e ${host.scratch}/go ]; do sleep 0.05; done; : >${host.scratch}/done`;
  const broken = travel(transport, [item(wait, { kind: 'apply' })], { lock: 'broken' }).catch((error) => error);
  await expect.poll(() => readFileSync(host.path('/run/provision.lock'), 'utf8')).toBe('broken\n');
  server.cut();
  expect(await broken).toMatchObject({ code: 'CONNECTION_LOST' });
  const next = travel(await connect(), [item(`ls ${host.scratch}`, { id: 'look' })], { lock: 'next' });
  writeFileSync(host.path(`${host.scratch}/go`), '');
  expect((await next).answers.get('look')?.stdout).toBe('done\ngo\n');
});
