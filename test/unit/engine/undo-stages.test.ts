import { expect, test } from 'vitest';
import { undoStages } from '../../../src/engine/undo-stages.ts';
import { changedHosts } from '../../../src/journal/recorded-run.ts';
import { findOperation } from '../../../src/operations/registry.ts';
import { applying, recorded } from '../journal/runs.ts';

const wish = (task: string, unit: string) => ({ task, operation: 'service', desired: { unit, state: 'running' } });

const run = recorded('r1', [
  {
    type: 'nodes',
    nodes: [
      { name: 'n1', host: 'n1', ready: true },
      { name: 'n2', host: 'n2', ready: false },
    ],
  },
  applying('cp', 'flags', { serial: [1], order: 'leader-last', afterUndo: [wish('manager', 'cm.service')] }),
  applying('n1', 'nodes', { protectReady: true, afterUndo: [wish('kubelet', 'kubelet.service')] }),
  { type: 'applied', host: 'n1', stage: 'nodes', task: 'x' },
  applying('n2', 'nodes', { protectReady: true }),
  // a second command of the same stage, by which time the unit is another
  applying('n1', 'nodes', { protectReady: true, afterUndo: [wish('kubelet', 'changed.service')] }),
]);

const stages = (hosts: readonly string[], force = false) =>
  undoStages({
    run,
    hosts,
    isWhole: hosts.length === 3,
    force,
    findOperation,
    gate: () => ({ unit: 'kubelet.service', timeout_seconds: 9 }),
  });

const wanted = (hosts: readonly string[], host: string) =>
  stages(hosts).map((stage) => stage.tasks.flatMap((task) => task.resolve({ host })));

test('the last stage is taken back first, then services run again in the order of the run', () => {
  expect(
    stages(['cp', 'n1', 'n2']).map(({ name, hosts, serial, order, protectReady }) => ({
      name,
      hosts,
      serial,
      order,
      protectReady,
    })),
  ).toEqual([
    { name: 'Taken back: nodes', hosts: ['n1', 'n2'], serial: undefined, order: undefined, protectReady: false },
    { name: 'Taken back: flags', hosts: ['cp'], serial: undefined, order: undefined, protectReady: false },
    { name: 'As before: flags', hosts: ['cp'], serial: [1], order: 'leader-last', protectReady: false },
    { name: 'As before: nodes', hosts: ['n1', 'n2'], serial: undefined, order: undefined, protectReady: true },
  ]);
});

test('a Node that was Ready has to be Ready again, one that was not need not', () => {
  const [takenBack, again] = wanted(['n1', 'n2'], 'n1');
  expect(takenBack).toMatchObject([{ desired: { run: 'r1', stage: 'nodes', force: false, expected: true } }]);
  expect(again).toMatchObject([
    { task: 'kubelet', desired: { unit: 'kubelet.service' } },
    { task: 'Nodes that were Ready are Ready again', desired: { timeout_seconds: 9 } },
  ]);
  const [otherTakenBack, otherAgain] = wanted(['n1', 'n2'], 'n2');
  expect(otherTakenBack).toMatchObject([{ desired: { expected: false } }]);
  expect(otherAgain).toEqual([]);
});

test('a unit that a stage found running is none of before, if an earlier stage of the run had started it', () => {
  const timer = wish('timer', 'agent.timer');
  const started = { task: 'timer', operation: 'service', changes: [], writes: [] };
  const twice = recorded('r3', [
    applying('n1', 'ahead', { tasks: [started] }),
    applying('n1', 'nodes', { afterUndo: [timer, wish('kubelet', 'kubelet.service')] }),
    applying('n2', 'nodes', { afterUndo: [timer] }),
  ]);
  const again = (entries: typeof twice.entries, host: string) =>
    undoStages({
      run: { id: 'r3', entries },
      hosts: ['n1', 'n2'],
      isWhole: true,
      force: false,
      findOperation,
      gate: () => undefined,
    })
      .filter(({ name }) => name === 'As before: nodes')
      .flatMap((stage) => stage.tasks.flatMap((one) => one.resolve({ host }).map(({ task }) => task)));
  expect(again(twice.entries, 'n1')).toEqual(['kubelet']);
  expect(again(twice.entries, 'n2')).toEqual(['timer']);
  // a stage that is put back alone finds it as the earlier one left it
  const alone = twice.entries.filter((entry) => entry.type !== 'applying' || entry.stage === 'nodes');
  expect(again(alone, 'n1')).toEqual(['timer', 'kubelet']);
});

test('objects of the API are taken back last, and only with the last host that the run stands on', () => {
  const left = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } };
  const taskRecord = { task: 'x', operation: 'api_objects', changes: [], writes: [] };
  const made = recorded('r2', [
    {
      type: 'awaiting',
      isChange: true,
      stage: 'credential',
      hosts: ['cp'],
      task: taskRecord,
      objects: [{ before: null, left }],
    },
    applying('n1', 'nodes'),
  ]);
  const stagesOf = (isWhole: boolean, hosts: readonly string[]) =>
    undoStages({
      run: made,
      hosts,
      isWhole,
      force: false,
      findOperation,
      gate: () => ({ unit: 'kubelet.service', timeout_seconds: 9 }),
    });
  const whole = stagesOf(true, ['cp', 'n1']);
  expect(whole.map(({ name, hosts }) => [name, hosts])).toEqual([
    ['Taken back: nodes', ['n1']],
    ['Taken back: credential', ['cp']],
  ]);
  expect(whole.at(-1)?.tasks[0]?.resolve({})).toMatchObject([
    { status: 'known', desired: { run: 'r2', objects: [{ before: null, left }] } },
  ]);
  expect(stagesOf(false, ['cp']).map(({ name }) => name)).toEqual([]);
  expect(stagesOf(true, ['n1']).map(({ hosts }) => hosts)).toEqual([['n1'], ['n1']]);
  expect(changedHosts(made)).toEqual(['n1', 'cp']);
});

test('hosts that were left out have no part', () => {
  expect(stages(['n2']).map((stage) => stage.hosts)).toEqual([['n2'], ['n2']]);
});

test('what a run gave Nodes goes with their hosts, other objects with the last of them', () => {
  const object = (kind: string, name: string) => {
    const one = { apiVersion: 'v1', kind, metadata: { name } };
    return { before: one, left: one };
  };
  const objects = [object('Node', 'n1'), object('Node', 'n2'), object('Secret', 's')];
  const task = { task: 'labels', operation: 'node_labels', changes: [], writes: [] };
  const nodes = run.entries.filter((entry) => entry.type === 'nodes');
  const labelled = {
    id: 'r2',
    entries: [
      ...nodes,
      { type: 'awaiting' as const, isChange: true, stage: 'nodes', hosts: ['n1', 'n2'], task, objects },
    ],
  };
  const left = (hosts: readonly string[], isWhole: boolean) =>
    undoStages({ run: labelled, hosts, isWhole, force: false, findOperation, gate: () => undefined }).flatMap((stage) =>
      stage.tasks.flatMap((one) =>
        one.resolve({ host: 'n1' }).map((resolution) => (resolution as { desired?: unknown }).desired),
      ),
    );
  expect(left(['n1'], false)).toEqual([{ run: 'r2', force: false, objects: [objects[0]] }]);
  expect(left(['n1', 'n2'], true)).toEqual([{ run: 'r2', force: false, objects }]);
  expect(left(['other'], false)).toEqual([]);
});

test('a DaemonSet goes before anything on the hosts, other objects after all of it', () => {
  const left = (kind: string) => ({ apiVersion: 'v1', kind, metadata: { name: kind } });
  const awaiting = (stage: string, kind: string) =>
    ({
      type: 'awaiting',
      isChange: true,
      stage,
      hosts: ['n1'],
      task: { task: 'x', operation: 'api_objects', changes: [], writes: [] },
      objects: [{ before: null, left: left(kind) }],
    }) as const;
  const names = undoStages({
    run: recorded('r2', [awaiting('nodes', 'DaemonSet'), awaiting('account', 'Secret'), applying('n1', 'nodes', {})]),
    hosts: ['n1'],
    isWhole: true,
    force: false,
    findOperation,
    gate: () => undefined,
  }).map(({ name }) => name);
  expect(names).toEqual(["Taken back first: pods of 'nodes'", 'Taken back: nodes', 'Taken back: account']);
});
