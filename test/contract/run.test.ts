import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/engine/run.ts';
import type { StageTask } from '../../src/engine/stage.ts';
import { ProvisionError } from '../../src/errors.ts';
import type { RunEvent } from '../../src/events.ts';
import type { ClusterSnapshot } from '../../src/kubernetes/cluster/cluster.ts';
import { readyNode } from '../node-state.ts';
import {
  breaks,
  cached,
  cannotBeSeen,
  fakeCluster,
  gather,
  note,
  request,
  stage,
  staysDifferent,
  task,
} from './operations.ts';
import { canMakeHosts } from './private-host.ts';
import { type Setting, setUp } from './setting.ts';

const it = test.skipIf(!canMakeHosts);

const folder = '/var/lib/scratch';
const write = (name: string, text = name): StageTask => task(note, () => ({ path: `${folder}/${name}`, text }));
const hosts = (...names: string[]): Promise<Setting[]> => Promise.all(names.map((name) => setUp({ host: { name } })));
const only = <T>(list: readonly T[]): T => {
  const [first] = list;
  if (first === undefined) throw new Error('an empty list');
  return first;
};
const has = ({ host }: Setting, name: string): boolean => existsSync(host.path(`${folder}/${name}`));

function summary(events: readonly RunEvent[], host: string) {
  const finished = events.find((event) => event.type === 'run-finished');
  return finished?.hosts.find((one) => one.host === host);
}
const failures = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'failure' ? [[event.host, event.error.code]] : []));

describe('commands per host', () => {
  it('two where nothing is to be done, one more for a changed stage, uploads apart', async () => {
    const [a] = [only(await hosts('a'))];
    const content = randomBytes(100_000);
    const artifact = { path: join(a.folder, 'tool'), sha256: createHash('sha256').update(content).digest('hex') };
    writeFileSync(artifact.path, content);
    const stages = [
      stage('one', ['a'], [write('x'), write('y')]),
      stage('two', ['a'], [task(cached, () => artifact)]),
      stage('three', ['a'], [write('z')]),
    ];
    const first = request([a], stages);
    expect(await run(first.request)).toBe('changed');
    expect(summary(first.events, 'a')).toMatchObject({ changed: 4, ok: 0, failed: 0, commands: 2 + 3, uploads: 1 });

    const again = request([a], stages);
    const before = a.server.seen.commands;
    expect(await run(again.request)).toBe('ok');
    expect(summary(again.events, 'a')).toMatchObject({ changed: 0, ok: 4, commands: 2, uploads: 0 });
    expect(a.server.seen.commands - before, 'as the server counts them').toBe(2);

    writeFileSync(a.host.path(`${folder}/x`), 'other');
    const drift = request([a], stages);
    expect(await run(drift.request)).toBe('changed');
    expect(summary(drift.events, 'a')).toMatchObject({ changed: 1, ok: 3, commands: 3, uploads: 0 });
    await expect.poll(a.server.openConnections).toBe(0);
  });
});

describe('a host that fails', () => {
  it('alone when it cannot be reached', async () => {
    const [a, b] = (await hosts('a', 'b')) as [Setting, Setting];
    b.server.behaviour.keys = [];
    const { request: asked, events } = request([a, b], [stage('one', ['a', 'b'], [write('x')])]);
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['b', 'LOGIN_REFUSED']]);
    expect(summary(events, 'a')).toMatchObject({ changed: 1, failed: 0 });
    expect(summary(events, 'b')).toMatchObject({ changed: 0, failed: 1, commands: 0 });
    expect(has(a, 'x')).toBe(true);
  });

  it('alone when its connection breaks at the second look', async () => {
    const [a, b] = (await hosts('a', 'b')) as [Setting, Setting];
    const { request: asked, events } = request([a, b], [stage('one', ['a', 'b'], [write('x')])], {
      check: () => b.server.cut(),
    });
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['b', 'CONNECTION_LOST']]);
    expect([has(a, 'x'), has(b, 'x')]).toEqual([true, false]);
  });

  it('alone when a task cannot be looked at there', async () => {
    const [a, b] = (await hosts('a', 'b')) as [Setting, Setting];
    const stages = [stage('one', ['a', 'b'], [write('x')]), stage('two', ['b'], [task(cannotBeSeen)])];
    const { request: asked, events } = request([a, b], stages);
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['b', 'PROBE_FAILED']]);
    expect([has(a, 'x'), has(b, 'x')]).toEqual([true, false]);
  });

  it('stops its own tasks and not those of the others', async () => {
    const [a, b] = (await hosts('a', 'b')) as [Setting, Setting];
    const sometimes: StageTask = {
      ...task(breaks),
      resolve: (scope) =>
        scope['host'] === 'a'
          ? [{ status: 'known', task: 'breaks', desired: {} }]
          : [{ status: 'skipped', task: 'breaks', because: 'not here' }],
    };
    const { request: asked, events } = request(
      [a, b],
      [stage('one', ['a', 'b'], [write('before'), sometimes, write('after')])],
    );
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['a', 'TASK_FAILED']]);
    expect(events.find((event) => event.type === 'failure')).toMatchObject({ error: { why: 'no way' } });
    expect([has(a, 'before'), has(a, 'after')]).toEqual([true, false]);
    expect([has(b, 'before'), has(b, 'after')]).toEqual([true, true]);
    expect(summary(events, 'a')).toMatchObject({ changed: 1, failed: 1 });
  });

  it('is told how it is left out, also where it cannot be reached again in the middle of an upload', async () => {
    const a = only(await hosts('a'));
    const lost = new ProvisionError({ code: 'CONNECTION_LOST', kind: 'connection', what: 'a' });
    const off = new ProvisionError({ code: 'HOST_UNREACHABLE', kind: 'connection', what: 'a', fix: 'Turn it on.' });
    let isOff = false;
    const connect = async () => {
      if (isOff) throw off;
      isOff = true;
      return { ...(await a.connect()), send: () => Promise.reject(lost) };
    };
    const artifact = { path: join(a.folder, 'tool'), sha256: createHash('sha256').update('x').digest('hex') };
    writeFileSync(artifact.path, 'x');
    const { request: asked, events } = request([a], [stage('one', ['a'], [task(cached, () => artifact)])], {
      hosts: [{ name: 'a', address: '', outsideLimit: false, connect }],
      leavingOut: (names) => `--limit '!${names.join()}'`,
    });
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['a', 'HOST_UNREACHABLE']]);
    const told = events.find((event) => event.type === 'failure');
    expect(told).toMatchObject({ stage: 'one', error: { fix: "Turn it on; --limit '!a' leaves it out." } });
  });

  it('is told of a difference that stays', async () => {
    const a = only(await hosts('a'));
    const { request: asked, events } = request([a], [stage('one', ['a'], [task(staysDifferent)])]);
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['a', 'DID_NOT_CONVERGE']]);
  });

  it('leaves no connection open when its first command fails', async () => {
    const a = only(await hosts('a'));
    a.server.behaviour.cutAfterBytes = 10;
    const { request: asked, events } = request([a], [stage('one', ['a'], [write('x')])]);
    expect(await run(asked)).toBe('failed');
    expect(failures(events)).toEqual([['a', 'CONNECTION_LOST']]);
    a.server.behaviour.cutAfterBytes = undefined;
    const noAnswer = {
      outsideLimit: false,
      name: 'a',
      address: '',
      connect: async () => {
        const transport = await a.connect();
        return {
          ...transport,
          run: async () => ({ stdout: '', stderr: 'sh: not found', code: 127 }),
          close: transport.close,
        };
      },
    };
    const second = request([a], [], { hosts: [noAnswer] });
    expect(await run(second.request)).toBe('failed');
    expect(failures(second.events)).toEqual([['a', 'TRIP_BROKEN']]);
    await expect.poll(a.server.openConnections).toBe(0);
  });
});

it('hosts outside --limit are not asked when no chosen one lets us in', async () => {
  const [a, b] = await hosts('a', 'b');
  if (!a || !b) throw new Error('two hosts were asked for');
  a.server.behaviour.keys = [];
  const { request: asked, events } = request([a, b], [stage('one', ['a', 'b'], [write('x')])]);
  const limited = asked.hosts.map((host) => ({ ...host, outsideLimit: host.name === 'b' }));
  expect(await run({ ...asked, hosts: limited })).toBe('failed');
  expect(failures(events)).toEqual([['a', 'LOGIN_REFUSED']]);
  expect(b.server.seen.connections).toBe(0);
});

it('a cluster that cannot be reached ends the run, with no connection left open', async () => {
  const a = only(await hosts('a'));
  const refused = new ProvisionError({ code: 'CLUSTER_UNREACHABLE', kind: 'cluster', what: 'gone' });
  const { request: asked, events } = request([a], [stage('one', ['a'], [write('x')])], {
    openCluster: () => Promise.reject(refused),
  });
  expect(await run(asked)).toBe('failed');
  expect(failures(events)).toEqual([[undefined, 'CLUSTER_UNREACHABLE']]);
  expect(has(a, 'x')).toBe(false);
  await expect.poll(() => a.server.seen.connections).toBe(1);
  await expect.poll(a.server.openConnections).toBe(0);
});

describe('batches', () => {
  it('Ready Nodes are taken one, then a quarter at a time, and none after a failure', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const settings = await hosts(...names);
    const fails: StageTask = {
      ...task(note),
      resolve: (scope) => [
        scope['host'] === 'b'
          ? { status: 'known', task: 'note', desired: { path: '/proc/nothing', text: 'x' } }
          : { status: 'known', task: 'note', desired: { path: `${folder}/x`, text: 'x' } },
      ],
    };
    const { api } = fakeCluster(names.map((name) => readyNode(name)));
    const { request: asked, events } = request(settings, [stage('one', names, [fails], { protectReady: true })], {
      openCluster: async () => api,
    });
    expect(await run(asked)).toBe('failed');
    expect(events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []))).toEqual([
      ['a'],
      ['b', 'c'],
    ]);
    expect(settings.map((one) => has(one, 'x'))).toEqual([true, false, true, false, false]);
  });

  it('hosts whose Node is not Ready are taken all at once, before the others', async () => {
    const names = ['a', 'b', 'c'];
    const settings = await hosts(...names);
    const { api } = fakeCluster(names.map((name) => ({ ...readyNode(name), ready: name === 'b' })));
    const { request: asked, events } = request(settings, [stage('one', names, [write('x')], { protectReady: true })], {
      openCluster: async () => api,
    });
    expect(await run(asked)).toBe('changed');
    expect(events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []))).toEqual([
      ['a', 'c'],
      ['b'],
    ]);
  });

  it('the leader is last', async () => {
    const settings = await hosts('a', 'b');
    const { api, state } = fakeCluster();
    state.snapshot = { nodes: [], leader: { identity: 'a_1', hostname: 'a', renewedAt: 0 } };
    const { request: asked, events } = request(
      settings,
      [stage('one', ['a', 'b'], [write('x')], { serial: [1], order: 'leader-last' })],
      { openCluster: async () => api },
    );
    expect(await run(asked)).toBe('changed');
    expect(events.flatMap((event) => (event.type === 'batch-started' ? event.hosts : []))).toEqual(['b', 'a']);
  });
});

it('a value that an earlier stage brings about is looked at when it is known', async () => {
  const a = only(await hosts('a'));
  const { api, state } = fakeCluster();
  const late: StageTask = {
    ...task(note),
    resolve(scope) {
      const cidr = (scope['snapshot'] as ClusterSnapshot).nodes[0]?.podCidr;
      return cidr === undefined
        ? [{ status: 'unknown', task: 'late', until: 'after the first stage' }]
        : [{ status: 'known', task: 'late', desired: { path: `${folder}/cidr`, text: cidr } }];
    },
  };
  const assign = gather(() => {
    state.snapshot = { nodes: [{ ...readyNode('a'), podCidr: '10.1.0.0/24' }], leader: undefined };
  });
  const { request: asked, events } = request(
    [a],
    [stage('one', ['a'], [write('x'), task(assign)]), stage('two', ['a'], [late])],
    {
      openCluster: async () => api,
    },
  );
  expect(await run(asked)).toBe('changed');
  expect(readFileSync(a.host.path(`${folder}/cidr`), 'utf8')).toBe('10.1.0.0/24');
  expect(summary(events, 'a')?.commands, 'facts, look, change, look at what is new, change').toBe(5);
});

it('a value that nothing brings about is an error that says so', async () => {
  const a = only(await hosts('a'));
  const never: StageTask = { ...task(note), resolve: () => [{ status: 'unknown', task: 'late', until: 'never' }] };
  const { request: asked, events } = request([a], [stage('one', ['a'], [never])]);
  expect(await run(asked)).toBe('failed');
  expect(failures(events)).toEqual([['a', 'VALUE_UNKNOWN']]);
});

describe('a cluster task', () => {
  it('waits for all hosts of the batch, and what follows waits for it', async () => {
    const settings = await hosts('a', 'b');
    const [, b] = settings as [Setting, Setting];
    b.server.behaviour.delayMs = 50;
    const seen: unknown[] = [];
    const wait = gather((names) =>
      seen.push(
        names,
        settings.map((one) => [has(one, 'x'), has(one, 'y')]),
      ),
    );
    const { request: asked } = request(settings, [stage('one', ['a', 'b'], [write('x'), task(wait), write('y')])]);
    expect(await run(asked)).toBe('changed');
    expect(seen).toEqual([
      ['a', 'b'],
      [
        [true, false],
        [true, false],
      ],
    ]);
    expect(settings.map((one) => has(one, 'y'))).toEqual([true, true]);
  });

  it('comes at its place also where hosts have different numbers of tasks before it', async () => {
    const settings = await hosts('a', 'b');
    const loop: StageTask = {
      ...task(note),
      resolve: (scope) =>
        (scope['host'] === 'a' ? ['x'] : ['x', 'y', 'z']).map((name) => ({
          status: 'known',
          task: name,
          desired: { path: `${folder}/${name}`, text: name },
        })),
    };
    const seen: unknown[] = [];
    const wait = gather((names) =>
      seen.push(
        names,
        settings.map((one) => ['x', 'y', 'z', 'last'].filter((name) => has(one, name))),
      ),
    );
    const { request: asked } = request(settings, [stage('one', ['a', 'b'], [loop, task(wait), write('last')])]);
    expect(await run(asked)).toBe('changed');
    expect(seen).toEqual([
      ['a', 'b'],
      [['x'], ['x', 'y', 'z']],
    ]);
    expect(settings.map((one) => has(one, 'last'))).toEqual([true, true]);
  });

  it('is for the hosts that want it', async () => {
    const settings = await hosts('a', 'b');
    const seen: unknown[] = [];
    const wait: StageTask = {
      ...task(gather((names) => seen.push(names))),
      resolve: (scope) => [
        scope['host'] === 'a'
          ? { status: 'skipped', task: 'gather', because: 'no kubelet' }
          : { status: 'known', task: 'gather', desired: {} },
      ],
    };
    const { request: asked } = request(settings, [stage('one', ['a', 'b'], [wait, write('x')])]);
    expect(await run(asked)).toBe('changed');
    expect(seen).toEqual([['b']]);
  });
});
