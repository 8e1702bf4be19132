import { describe, expect, it } from 'vitest';
import type { ClusterApi, PodState } from '../../src/kubernetes/cluster/cluster.ts';
import { drain } from '../../src/operations/cluster/drain.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { readyNode } from '../node-state.ts';
import { readyPod } from './pods.ts';

const host = (name: string) => ({ name, nodeName: name, facts: parseFacts('') });

const view = (pods: readonly PodState[], changing: readonly string[] = ['a', 'b']): ClusterView => ({
  snapshot: { nodes: [readyNode('a'), readyNode('b'), { ...readyNode('down'), ready: false }], leader: undefined },
  pods,
  hosts: ['a', 'b', 'down'].map(host),
  changing: changing.map(host),
  others: [],
  changed: false,
  batchChanged: false,
  verify: false,
});

const careful = { delete_bare_pods: false, delete_empty_dir: false, timeout_seconds: 1 };
const daemon = readyPod('logs', { owner: { uid: 'ds', kind: 'DaemonSet', title: 'DaemonSet logs' } });
const fixed = readyPod('etcd-a', { isStatic: true, owner: { uid: 'n', kind: 'Node', title: 'Node a' } });
const ended = readyPod('done', { owner: undefined, hasEnded: true, runs: false });
const leaving = readyPod('going', { isLeaving: true });
const ofProof = readyPod('proof', { owner: undefined, isOfProof: true });
const bare = readyPod('bare', { owner: undefined });
const withFiles = readyPod('cache', { node: 'b', hasEmptyDir: true });
const staying = [daemon, fixed, ended, ofProof];

const why = (pods: readonly PodState[], leave: object): string => {
  try {
    drain.refuse?.(view(pods), { ...careful, ...leave });
    return '';
  } catch (error) {
    const { code, why, fix } = error as { code: string; why: string; fix: string };
    return [code, why, fix].join('\n');
  }
};

describe('what leaves a node', () => {
  it('pods that somebody makes anew, each told with its node', () => {
    expect(drain.diff(view([readyPod('s1'), readyPod('s2', { node: 'b' }), ...staying]), careful)).toEqual([
      { subject: 'Pod default/s1', action: 'is evicted from a, Deployment shop makes it anew' },
      { subject: 'Pod default/s2', action: 'is evicted from b, Deployment shop makes it anew' },
    ]);
  });

  it('what leaves it already is waited for, and needs no leave', () => {
    const lost = readyPod('lost', { owner: undefined, isLeaving: true });
    expect(drain.diff(view([leaving, lost, ...staying]), careful).map(({ action }) => action)).toEqual([
      'leaves a already, and is waited for',
      'leaves a already, and is waited for',
    ]);
    expect(why([leaving, lost], {})).toBe('');
  });

  it('and, by leave, what is lost with it', () => {
    expect(drain.diff(view([bare, withFiles]), careful).map(({ action }) => action)).toEqual([
      'is evicted from a, nobody makes it again',
      'is evicted from b, Deployment shop makes it anew; the files of its emptyDir go',
    ]);
  });

  it('nothing where no host changes, nothing of another host, and nothing of a Node that is not Ready', () => {
    const pods = [readyPod('s1'), readyPod('s2', { node: 'b' }), readyPod('s3', { node: 'down' })];
    expect(drain.diff(view(pods, []), careful)).toEqual([]);
    expect(drain.diff(view(pods, ['b', 'down']), careful).map(({ subject }) => subject)).toEqual(['Pod default/s2']);
    expect(drain.diff({ ...view(pods), hosts: [host('a')] }, careful), 'told for one host').toHaveLength(1);
  });

  it('is refused where it would be lost, naming all of them and the leave that each needs', () => {
    const both = readyPod('both', { owner: undefined, hasEmptyDir: true });
    expect(why([readyPod('s1'), bare, withFiles, both, ...staying], {}).split('\n')).toEqual([
      'DRAIN_REFUSED',
      'default/bare on a: it is bare, nobody makes it again',
      'default/cache on b: it has an emptyDir, whose files go with it',
      'default/both on a: it is bare, nobody makes it again; it has an emptyDir, whose files go with it',
      expect.stringMatching(/--delete-bare-pods.*--delete-empty-dir/),
    ]);
    expect(why([bare, withFiles], { delete_bare_pods: true })).not.toMatch(/bare/);
    expect(why([bare, withFiles], { delete_empty_dir: true })).not.toMatch(/emptyDir/);
    expect(why([bare, withFiles], { delete_bare_pods: true, delete_empty_dir: true })).toBe('');
    expect(why(staying, {})).toBe('');
  });
});

interface Behaviour {
  /** What the API says to the eviction of a pod, in turn; the last one again and again. */
  readonly answers?: Readonly<Record<string, readonly (string | undefined)[]>>;
  readonly neverEnd?: readonly string[];
  /** What comes to the node when a pod has gone. */
  readonly comes?: (gone: PodState) => PodState | undefined;
}

/** A cluster in which an evicted pod is leaving at the next look, and has gone at the one after it. */
function cluster(pods: readonly PodState[], { answers = {}, neverEnd = [], comes }: Behaviour = {}) {
  let there = [...pods];
  const evicted: string[] = [];
  const told: string[] = [];
  const asked = new Map<string, number>();
  const unused = () => Promise.reject(new Error('not in this test'));
  const advance = () => {
    for (const pod of there.filter(({ isLeaving, name }) => isLeaving && !neverEnd.includes(name))) {
      there = there.filter((one) => one !== pod);
      const other = comes?.(pod);
      if (other) there.push(other);
    }
    there = there.map((pod) => (evicted.includes(pod.uid) ? { ...pod, isLeaving: true } : pod));
  };
  const api: ClusterApi = {
    snapshot: unused,
    createPod: unused,
    pods: unused,
    deletePod: unused,
    deleteNode: unused,
    bootstrapTokens: { create: unused, removeOurs: unused },
    certificateRequests: { list: unused, approve: unused },
    podsOn: async (nodes) => there.filter((pod) => nodes.includes(pod.node)),
    podsIn: unused,
    lastWarning: unused,
    patchNode: unused,
    async evict({ uid, name }) {
      const number = asked.get(name) ?? 0;
      asked.set(name, number + 1);
      const mine = answers[name] ?? [undefined];
      const answer = mine[Math.min(number, mine.length - 1)];
      if (answer === undefined) evicted.push(uid);
      return answer;
    },
    rights: unused,
    objects: { create: unused, patch: unused, remove: unused },
    lock: { read: unused, create: unused, replace: unused, remove: unused },
    async watchUntil(_kind, _timeoutMs, isSo) {
      for (let look = 0; look < 10; look += 1) {
        if (await isSo()) return true;
        advance();
      }
      return false;
    },
  };
  const deps: ClusterDeps = {
    run: 'run-1',
    api,
    look: unused,
    lastLines: unused,
    isAlone: true,
    pushImage: () => Promise.reject(new Error('nothing is pushed')),
    atEnd() {},
    markProven: unused,
    progress: (text) => told.push(text),
  };
  return { deps, evicted, told, left: () => there.map(({ name }) => name) };
}

const run = async (pods: readonly PodState[], behaviour: Behaviour = {}) => {
  const { deps, evicted, told, left } = cluster(pods, behaviour);
  const outcome = await drain.apply(deps, view(pods), careful).then(
    (detail) => detail,
    ({ code, why }: { code: string; why: string }) => `${code}: ${why}`,
  );
  return { outcome, evicted, told, left: left() };
};

describe('draining', () => {
  it('ends when all have gone, on all nodes, and leaves the others', async () => {
    const { outcome, evicted, left } = await run([readyPod('s1'), readyPod('s2', { node: 'b' }), daemon, fixed]);
    expect(outcome).toBe('2 pods have left a, b');
    expect(evicted.toSorted()).toEqual(['s1', 's2']);
    expect(left).toEqual(['logs', 'etcd-a']);
  });

  it('waits for a budget, and says so; the others go meanwhile', async () => {
    const budget = 'The disruption budget shop needs 1 healthy pods and has 1 currently';
    const { outcome, told } = await run([readyPod('s1'), readyPod('s2')], { answers: { s2: [budget, undefined] } });
    expect(outcome).toContain('2 pods have left');
    expect(told).toContain(`0 of 2 pods have gone; default/s2 waits: ${budget}`);
    const never = await run([readyPod('s1'), readyPod('s2', { node: 'b' })], { answers: { s2: [budget] } });
    expect(never.outcome).toBe(`DRAIN_BLOCKED: default/s2 on b: ${budget}`);
    expect(never.evicted).toEqual(['s1']);
  });

  it('waits for pods that an earlier run evicted, and evicts them no second time', async () => {
    const { outcome, evicted, left } = await run([leaving]);
    expect(outcome).toBe('1 pod has left a, b');
    expect([evicted, left]).toEqual([[], []]);
  });

  it('names a pod that does not end, whatever kept it before', async () => {
    const { outcome } = await run([readyPod('s1')], { answers: { s1: ['busy', undefined] }, neverEnd: ['s1'] });
    expect(outcome).toBe('DRAIN_BLOCKED: default/s1 on a: it was evicted and does not end');
  });

  it('evicts what was bound to the node meanwhile, and leaves what comes back for good', async () => {
    let number = 1;
    const comes = (): PodState => {
      number += 1;
      return readyPod(`s${number}`);
    };
    const { outcome, evicted, left } = await run([readyPod('s1')], { comes });
    expect(outcome).toBe('2 pods have left a, b');
    expect(evicted).toEqual(['s1', 's2']);
    expect(left).toEqual(['s3']);
  });

  it('refuses what came since it was planned', async () => {
    const { outcome, left } = await run([readyPod('s1')], { comes: () => bare });
    expect(outcome).toMatch(/^DRAIN_REFUSED: default\/bare on a/);
    expect(left).toEqual(['bare']);
    const { evicted } = await run([readyPod('s1'), bare]);
    expect(evicted, 'before anything goes').toEqual([]);
  });

  it('does not wait for one that came to its own end', async () => {
    const { deps, evicted } = cluster([{ ...readyPod('job'), hasEnded: true }]);
    await expect(drain.apply(deps, view([readyPod('job')]), careful)).resolves.toContain('1 pod has left');
    expect(evicted).toEqual([]);
  });
});
