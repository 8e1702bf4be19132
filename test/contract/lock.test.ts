import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { composeTrip, followStarts, readTrip, type TripOptions } from '../../src/engine/trip.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { canMakeHosts } from './private-host.ts';
import { item, newTrip, setUp, travel } from './setting.ts';

const it = test.skipIf(!canMakeHosts);

it('a second run that finds the host locked is told by whom, and does nothing', async () => {
  const { host, connect, server } = await setUp();
  const [first, second] = [await connect(), await connect()];
  const gate = host.path(`${host.scratch}/go`);
  const wait = `while [ ! -e ${host.scratch}/go ]; do sleep 0.05; done`;
  const holding = travel(first, [item(wait, { kind: 'apply' })], { lock: "root's laptop, run 1" });
  await expect.poll(() => readFileSync(host.path('/run/provision.lock'), 'utf8')).toBe("root's laptop, run 1\n");
  const touch = item(`: >${host.scratch}/touched`, { kind: 'apply' });
  expect(await travel(second, [touch], { lock: 'run 2', lockWaitSeconds: 1 })).toMatchObject({
    lockedBy: "root's laptop, run 1",
    finished: false,
    answers: new Map(),
  });
  const looked = await travel(second, [item(`ls ${host.scratch}`, { id: 'look' })]);
  expect(looked.answers.get('look'), 'looking takes no lock').toMatchObject({ code: 0, stdout: '' });
  expect(looked.busyWith).toBe("root's laptop, run 1");
  writeFileSync(gate, '');
  expect((await holding).finished).toBe(true);
  expect((await travel(second, [touch], { lock: 'run 2' })).finished, 'free again').toBe(true);
  expect((await travel(second, [item(':')])).busyWith).toBeUndefined();
  expect(server.seen.connections).toBe(2);
});

it('a run that waits for the host is told for whom', async () => {
  const { host, connect } = await setUp();
  const [first, second, third] = [await connect(), await connect(), await connect()];
  const wait = `while [ ! -e ${host.scratch}/go ]; do sleep 0.05; done; : >${host.scratch}/done`;
  const holding = travel(first, [item(wait, { kind: 'apply' })], { lock: 'run 1' });
  await expect.poll(() => readFileSync(host.path('/run/provision.lock'), 'utf8')).toBe('run 1\n');
  const told: string[] = [];
  const look = item(`ls ${host.scratch}`, { id: 'look' });
  const waitAndLook = async (transport: Transport, trip: TripOptions) => {
    const onOutput = followStarts([look], trip.nonce, { onStart: () => {}, onWait: (holder) => told.push(holder) });
    const { stdout } = await transport.run(composeTrip([look], trip), { timeoutMs: 30_000, onOutput });
    return readTrip(stdout, [look], trip.nonce).answers.get('look')?.stdout;
  };
  const both = [waitAndLook(second, newTrip({ afterOthers: true })), waitAndLook(third, newTrip({ lock: 'run 3' }))];
  await expect.poll(() => told, { timeout: 20_000 }).toEqual(['run 1', 'run 1']);
  writeFileSync(host.path(`${host.scratch}/go`), '');
  expect(await Promise.all(both)).toEqual(['done\ngo\n', 'done\ngo\n']);
  expect((await holding).finished).toBe(true);
});

it('waiting for others does not take the lock, nor does it make the file', async () => {
  const { host, connect } = await setUp();
  const transport = await connect();
  expect((await travel(transport, [item(':')], { afterOthers: true })).finished).toBe(true);
  expect(existsSync(host.path('/run/provision.lock'))).toBe(false);
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
