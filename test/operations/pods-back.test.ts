import { expect, test } from 'vitest';
import type { PodState } from '../../src/kubernetes/cluster/cluster.ts';
import { podsBack } from '../../src/operations/cluster/pods-back.ts';
import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { readyPod } from './pods.ts';

/** Its init began at 1000. */
const facts = parseFacts(`now 2000 1500\ninit 1 (system d) S 0 ${'0 '.repeat(17)}50000 0\n`);

const isDue = (before: PodState, now: Partial<PodState> | undefined): boolean => {
  const view: ClusterView = {
    snapshot: { nodes: [], leader: undefined },
    hosts: [{ name: 'a', nodeName: 'a', facts }],
    podsBefore: [before],
    pods: now ? [{ ...before, ...now }] : [],
    changing: [],
    others: [],
    changed: true,
    batchChanged: false,
    verify: false,
  };
  return podsBack.diff(view, podsBack.schema.parse({})).length > 0;
};

const ran = readyPod('x', { startedAt: 900 });

test('init is as old as the kernel says', () => expect(facts.startedAt).toBe(1000));

test.each<[string, PodState, Partial<PodState> | undefined, boolean]>([
  ['the API still says Running of the machine that is gone', ran, {}, true],
  ['started on this machine', ran, { startedAt: 1000 }, false],
  ['being made', ran, { runs: false, reason: 'ContainerCreating' }, true],
  ['being made when the run began', readyPod('x', { runs: false, reason: 'ContainerCreating' }), {}, true],
  ['did not run before', readyPod('x', { runs: false, reason: 'CrashLoopBackOff: back-off' }), {}, false],
  ['gone', ran, undefined, false],
  ['about to go', ran, { isLeaving: true }, false],
  ['done', ran, { hasEnded: true, runs: false }, false],
  ['of another node', readyPod('x', { node: 'b' }), {}, false],
])('%s', (_what, before, now, due) => {
  expect(isDue(before, now)).toBe(due);
});
