import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planRun } from '../../src/engine/plan-run.ts';
import { run } from '../../src/engine/run.ts';
import type { StageTask } from '../../src/engine/stage.ts';
import type { RunEvent } from '../../src/events.ts';
import { readyNode } from '../node-state.ts';
import { cached, fakeCluster, gather, note, request, stage, task } from './operations.ts';
import { canMakeHosts } from './private-host.ts';
import { type Setting, setUp } from './setting.ts';

const it = test.skipIf(!canMakeHosts);

const folder = '/var/lib/scratch';
const write = (name: string): StageTask => task(note, () => ({ path: `${folder}/${name}`, text: name }));
const late: StageTask = { ...task(note), resolve: () => [{ status: 'unknown', task: 'late', until: 'after all' }] };
const hosts = (...names: string[]): Promise<Setting[]> => Promise.all(names.map((name) => setUp({ host: { name } })));

const planned = (events: readonly RunEvent[]) =>
  events.flatMap((event) =>
    event.type === 'task-planned' ? [`${event.hosts.join(' ')}: ${event.task} ${event.status}`] : [],
  );
const codes = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'failure' ? [event.error.code] : []));
const batches = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'stage-planned' ? event.batches : []));
const listing = ({ host }: Setting) =>
  ['/var/lib', '/run'].map((path) => readdirSync(host.path(path), { recursive: true }));

it('nothing is written, and each task says what it would do and send', async () => {
  const [a] = (await hosts('a')) as [Setting];
  const content = randomBytes(5000);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const artifact = { path: join(a.folder, 'tool'), sha256 };
  writeFileSync(artifact.path, content);
  mkdirSync(a.host.path('/var/lib/provision/cache'), { recursive: true });
  writeFileSync(a.host.path(`/var/lib/provision/cache/${sha256}.part`), content.subarray(0, 2000));
  writeFileSync(a.host.path(`${folder}/there`), 'there');
  const before = listing(a);
  const wait = task(gather(() => {}));
  const stages = [
    stage('one', ['a'], [write('x'), write('there'), task(cached, () => artifact), wait]),
    stage('two', ['a'], [write('x'), late]),
  ];
  const { request: asked, events } = request([a], stages);
  expect(await planRun(asked)).toBe('due');
  expect(planned(events)).toEqual([
    'a: note change',
    'a: note ok',
    'a: cached change',
    'a: gather wait',
    'a: note ok',
    'a: late unknown',
  ]);
  expect(events.flatMap((event) => (event.type === 'task-planned' ? [event.position] : []))).toEqual([
    1, 2, 3, 4, 1, 2,
  ]);
  expect(events.filter((event) => event.type === 'task-planned')[2]).toMatchObject({
    uploads: [{ artifact: artifact.path, bytes: 3000 }],
    irreversible: 'a test',
  });
  expect(events.at(-1)).toMatchObject({
    type: 'plan-finished',
    hosts: [{ host: 'a', changes: 2, unknown: 1, commands: 2 }],
  });
  expect(listing(a)).toEqual(before);
  await expect.poll(a.server.openConnections).toBe(0);
});

it('with nothing to do there is nothing due', async () => {
  const [a] = (await hosts('a')) as [Setting];
  writeFileSync(a.host.path(`${folder}/x`), 'x');
  const { request: asked, events } = request([a], [stage('one', ['a'], [write('x'), task(gather(() => {}, false))])]);
  expect(await planRun(asked)).toBe('ok');
  expect(planned(events)).toEqual(['a: note ok', 'a: gather ok']);
});

it('its batches are those of the run', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const settings = await hosts(...names);
  writeFileSync(settings[4]?.host.path(`${folder}/x`) ?? '', 'x');
  const { api } = fakeCluster(names.map((name) => ({ ...readyNode(name), ready: name !== 'c' })));
  const stages = [stage('one', names, [write('x')], { protectReady: true })];
  const openCluster = async () => api;
  const plan = request(settings, stages, { openCluster });
  expect(await planRun(plan.request)).toBe('due');
  const real = request(settings, stages, { openCluster });
  expect(await run(real.request)).toBe('changed');
  expect(batches(plan.events)).toEqual([['c'], ['a'], ['b'], ['d']]);
  expect(real.events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []))).toEqual(
    batches(plan.events),
  );
});

it('a value that nothing brings about is the error it is in a run', async () => {
  const settings = await hosts('a');
  const { request: asked, events } = request(settings, [stage('one', ['a'], [late, write('x')])]);
  expect(await planRun(asked)).toBe('failed');
  expect(events.find((event) => event.type === 'failure')).toMatchObject({
    host: 'a',
    stage: 'one',
    error: { code: 'VALUE_UNKNOWN' },
  });
  expect(planned(events)).toEqual([]);
});

it('a host out of reach is a failure; the others are planned, Ready ones as far as they would be changed', async () => {
  const [a, b] = (await hosts('a', 'b')) as [Setting, Setting];
  b.server.behaviour.keys = [];
  const { api } = fakeCluster(['a', 'b'].map((name) => readyNode(name)));
  const stages = [
    stage('one', ['a', 'b'], [write('x')]),
    stage('two', ['a', 'b'], [write('y')], { protectReady: true }),
    stage('three', ['a', 'b'], [write('z')]),
  ];
  const { request: asked, events } = request([a, b], stages, { openCluster: async () => api });
  expect(await planRun(asked)).toBe('failed');
  expect(codes(events)).toEqual(['LOGIN_REFUSED']);
  expect(planned(events)).toEqual(['a: note change']);
  expect(events.find((event) => event.type === 'warning')?.message).toContain('a: left as it is');
  expect(existsSync(a.host.path(`${folder}/x`))).toBe(false);
});
