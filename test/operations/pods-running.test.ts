import { describe, expect, it } from 'vitest';
import type { PodState } from '../../src/kubernetes/cluster/cluster.ts';
import { findMissing } from '../../src/operations/cluster/pods-missing.ts';
import { podsRunning } from '../../src/operations/cluster/pods-running.ts';
import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { readyPod } from './pods.ts';

const elsewhere = { node: 'b' } as const;
const bare = (name: string, more: Partial<PodState> = {}) => readyPod(name, { owner: undefined, ...more });
const daemon = (name: string, more: Partial<PodState> = {}) =>
  readyPod(name, { owner: { uid: 'ds', kind: 'DaemonSet', title: 'DaemonSet logs' }, ...more });
const fixed = (more: Partial<PodState> = {}) =>
  readyPod('etcd-a', { isStatic: true, owner: { uid: 'n', kind: 'Node', title: 'Node a' }, ...more });
const ofJob = (name: string, more: Partial<PodState> = {}) =>
  readyPod(name, { owner: { uid: 'j', kind: 'Job', title: 'Job sum' }, ...more });
const crashes = { runs: false, isReady: false, reason: 'CrashLoopBackOff: back-off' } as const;
const two = [readyPod('s1'), readyPod('s2', elsewhere)];

describe('what is missing after a change of node a', () => {
  it.each<[string, readonly PodState[], readonly PodState[], readonly string[]]>([
    ['nothing', two, two, []],
    ['made anew on another node', two, [readyPod('s3', elsewhere), readyPod('s2', elsewhere)], []],
    [
      'made anew by another ReplicaSet of the Deployment',
      two,
      two.map((pod) => ({ ...pod, uid: `${pod.uid}-new`, owner: { ...pod.owner, uid: 'rs2' } as PodState['owner'] })),
      [],
    ],
    [
      'made anew, not Ready yet',
      two,
      [readyPod('s3', { ...elsewhere, isReady: false }), readyPod('s2', elsewhere)],
      ['Deployment shop in default: 1 of 2 pods are Ready', 'default/s3 on b: it is not Ready'],
    ],
    [
      'waits for a node',
      two,
      [readyPod('s3', { node: '', runs: false, isReady: false }), readyPod('s2', elsewhere)],
      ['Deployment shop in default: 1 of 2 pods are Ready', 'default/s3: it does not run'],
    ],
    [
      'ended by the kubelet, and no room for another one',
      two,
      [
        readyPod('s1', { runs: false, isReady: false, hasEnded: true, reason: 'OutOfpods: too many' }),
        readyPod('s3', { node: '', runs: false, isReady: false, reason: 'Unschedulable: 0/2 nodes' }),
        readyPod('s2', elsewhere),
      ],
      [
        'Deployment shop in default: 1 of 2 pods are Ready',
        'default/s1 on a: OutOfpods: too many',
        'default/s3: Unschedulable: 0/2 nodes',
      ],
    ],
    ['not made anew', two, [readyPod('s2', elsewhere)], ['Deployment shop in default: 1 of 2 pods are Ready']],
    [
      'as ill as before, elsewhere',
      [readyPod('s1'), readyPod('s2', { ...elsewhere, ...crashes })],
      [readyPod('s1')],
      [],
    ],
    ['as ill as before, here', [readyPod('s1', crashes)], [readyPod('s1', crashes)], []],
    ['never Ready, and still runs', [bare('x', { isReady: false })], [bare('x', { isReady: false })], []],
    [
      'here still, and does not run any more',
      [bare('x')],
      [bare('x', crashes)],
      ['default/x on a: CrashLoopBackOff: back-off'],
    ],
    ['bare, evicted on purpose', [bare('x')], [], []],
    ['bare, has done its work', [bare('x')], [bare('x', { runs: false, isReady: false, hasEnded: true })], []],
    [
      'bare, not taken by the kubelet any more',
      [bare('x')],
      [bare('x', { runs: false, isReady: false, hasEnded: true, reason: 'OutOfpods: too many' })],
      ['default/x on a: OutOfpods: too many'],
    ],
    [
      'of a proof that was going on',
      [bare('x', { isOfProof: true })],
      [bare('x', { isOfProof: true, runs: false })],
      [],
    ],
    ['of a Job, done meanwhile', [ofJob('j')], [], []],
    ['of a DaemonSet, under another name', [daemon('d1')], [daemon('d2')], []],
    [
      'of a DaemonSet, on another node only',
      [daemon('d1')],
      [daemon('d2', elsewhere)],
      ['default/d1 on a: it is not there again'],
    ],
    [
      'of a DaemonSet, made anew and not well',
      [daemon('d1')],
      [daemon('d2', crashes)],
      ['default/d2 on a: CrashLoopBackOff: back-off'],
    ],
    ['static, shown again', [fixed()], [fixed({ uid: 'other' })], []],
    ['static, gone', [fixed()], [], ['default/etcd-a on a: it is not there again']],
    ['of another node alone', [readyPod('s2', elsewhere)], [], []],
    ['was on its way out', [readyPod('s1', { isLeaving: true })], [], []],
  ])('%s', (_what, before, now, missing) => {
    expect(findMissing(['a'], before, now)).toEqual(missing);
  });
});

const host = (name: string) => ({ name, nodeName: name, facts: parseFacts('') });

const view = (more: Partial<ClusterView>): ClusterView => ({
  snapshot: { nodes: [], leader: undefined },
  podsBefore: [...two, daemon('d1')],
  hosts: [host('a'), host('b')],
  changing: [host('a')],
  others: [],
  changed: true,
  batchChanged: true,
  verify: false,
  ...more,
});

describe('pods_running', () => {
  const wish = { timeout_seconds: 1 };
  it('looks at the pods of the nodes that change', () => {
    expect(podsRunning.diff(view({}), wish)).toEqual([{ subject: 'Pods of a', action: 'run again as before' }]);
  });

  it('has nothing to wait for where nothing changed, or nothing ran', () => {
    expect(podsRunning.diff(view({ batchChanged: false }), wish)).toEqual([]);
    expect(podsRunning.diff(view({ changing: [] }), wish)).toEqual([]);
    expect(podsRunning.diff(view({ podsBefore: [readyPod('s1', crashes)] }), wish)).toEqual([]);
  });
});
