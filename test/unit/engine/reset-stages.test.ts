import { expect, test } from 'vitest';
import { type ResetScope, resetStages } from '../../../src/engine/reset-stages.ts';
import type { UnitFacts } from '../../../src/operations/facts/facts.ts';

const peers = {
  name: 'Routes',
  hosts: ['n1', 'n2', 'cp'],
  serial: undefined,
  order: undefined,
  protectReady: false,
  rolling: undefined,
  beyondLimit: true,
  tasks: [],
};

const stages = (more: { drain?: object; force?: boolean } = {}) =>
  resetStages({
    host: 'n1',
    force: more.force ?? false,
    drain: more.drain,
    services: [
      { unit: 'containerd.service', program: 'containerd', desired: { unit: 'containerd.service' } },
      { unit: 'kubelet.service', program: 'kubelet', desired: { unit: 'kubelet.service' } },
    ],
    peers: [peers],
    runs: [],
  });

/** The tasks that are wanted on a host where these programs are ours, and these units run. */
function wanted(software: readonly string[], active: readonly string[], more = {}): string[] {
  const units = new Map(active.map((unit) => [unit, { unit, active: true } as UnitFacts]));
  const reset: ResetScope = { facts: { software: new Set(software), units } };
  return stages(more).flatMap(({ tasks }) =>
    tasks.filter((task) => task.resolve({ host: 'n1', reset }).length > 0).map(({ operation }) => operation.name),
  );
}

test('a node that provision has made loses its Node, and none of its services is started again', () => {
  expect(wanted(['kubelet', 'containerd'], ['kubelet.service', 'containerd.service'])).toEqual([
    'node_unused',
    'pods_ended',
    'take_back_all',
    'node_leftovers',
    'node_removed',
    'no_record',
  ]);
});

test('services of an operator that run are looked at, and the Node stays; drained if asked', () => {
  expect(wanted([], ['kubelet.service'], { drain: {} })).toEqual([
    'cordon',
    'drain',
    'pods_ended',
    'take_back_all',
    'node_leftovers',
    'service',
    'uncordon',
    'no_record',
  ]);
});

test('the other hosts forget the way before the record goes; the host itself does not take it again', () => {
  expect(stages().map(({ name, hosts, beyondLimit }) => [name, hosts.join(' '), beyondLimit])).toEqual([
    ['The host is as it was before the first run', 'n1', false],
    ['Only what others have set up is left, and runs as before', 'n1', false],
    ['Routes', 'n2 cp', true],
    ['The cluster is as before', 'n1', false],
    ['The host remembers nothing', 'n1', false],
  ]);
});
