import { describe, expect, it } from 'vitest';
import type { ClusterApi, PodState } from '../../src/kubernetes/cluster/cluster.ts';
import { podsInRange } from '../../src/operations/cluster/pods-in-range.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { readyNode } from '../node-state.ts';
import { readyPod } from './pods.ts';

const pod = (name: string, more: Partial<PodState> = {}) => readyPod(name, { address: '172.17.0.2', ...more });

const bare = pod('bare', { owner: undefined });
const fixed = pod('etcd-a', { isStatic: true, owner: { uid: 'n', kind: 'Node', title: 'Node a' } });

const view = (pods: readonly PodState[], hosts: readonly string[] = ['a']): ClusterView => ({
  snapshot: { nodes: [readyNode('a', '10.5.1.0/24'), readyNode('b', '10.5.2.0/24')], leader: undefined },
  pods,
  hosts: hosts.map((name) => ({ name, nodeName: name, facts: parseFacts('') })),
  changing: [],
  others: [],
  changed: false,
  batchChanged: false,
  verify: false,
});

const asked = { recreate: true, drained: false, timeout_seconds: 1 };
const notAsked = { recreate: false, drained: false, timeout_seconds: 1 };

describe('pods_in_range', () => {
  it('names pods with node, address, and what becomes of them', () => {
    const text = podsInRange.notDone?.(view([pod('shop-1'), bare, fixed]), notAsked);
    expect(text?.split('\n').slice(1)).toEqual([
      '  default/shop-1 on a, 172.17.0.2, of Deployment shop: --recreate-pods makes it anew',
      '  default/bare on a, 172.17.0.2, bare: re-create it yourself',
      '  default/etcd-a on a, 172.17.0.2, a static pod: move its manifest away and back',
    ]);
    expect(podsInRange.diff(view([pod('shop-1'), bare]), notAsked)).toEqual([]);
  });

  it('says nothing where all is well, and nothing of other hosts', () => {
    const well = [pod('x', { address: '10.5.1.9' }), pod('y', { node: 'b' })];
    expect(podsInRange.notDone?.(view(well), notAsked)).toBeUndefined();
    expect(podsInRange.diff(view(well), asked)).toEqual([]);
  });

  it('means only what stays on its node where nodes were drained', () => {
    const ofDaemonSet = pod('logs-1', { owner: { uid: 'd', kind: 'DaemonSet', title: 'DaemonSet logs' } });
    const drained = { ...asked, drained: true };
    expect(podsInRange.diff(view([pod('shop-1'), ofDaemonSet]), drained)).toEqual([
      { subject: 'Pod default/logs-1', action: 'evict, DaemonSet logs makes it anew' },
    ]);
    expect(podsInRange.notDone?.(view([pod('shop-1'), bare]), drained)).toBeUndefined();
  });

  it('names no more than fit, and counts the rest', () => {
    const many = Array.from({ length: 60 }, (_, index) => pod(`p${index}`));
    const lines = podsInRange.notDone?.(view(many), notAsked)?.split('\n') ?? [];
    expect(lines).toHaveLength(52);
    expect(lines[0]).toContain('60 pods');
    expect(lines.at(-1)).toBe('  and 10 more');
  });

  it('evicts only what comes again, if asked; else only warns', () => {
    expect(podsInRange.diff(view([pod('shop-1'), bare, fixed]), asked)).toEqual([
      { subject: 'Pod default/shop-1', action: 'evict, Deployment shop makes it anew' },
    ]);
    expect(podsInRange.notDone?.(view([pod('shop-1'), bare]), asked)).toBeUndefined();
    expect(podsInRange.notDone?.(view([bare, fixed]), asked)).toContain('default/bare');
  });
});

/** A cluster in which an owner makes another pod for each one that was evicted. */
function cluster(pods: PodState[], made: Partial<PodState> | undefined, refusals = 0) {
  const evicted: string[] = [];
  let left = refusals;
  const unused = () => Promise.reject(new Error('not in this test'));
  const api: ClusterApi = {
    snapshot: unused,
    createPod: unused,
    pods: unused,
    deletePod: unused,
    deleteNode: unused,
    bootstrapTokens: { create: unused, removeOurs: unused },
    certificateRequests: { list: unused, approve: unused },
    podsOn: unused,
    patchNode: unused,
    lastWarning: unused,
    podsIn: async () => pods,
    async evict(one) {
      left -= 1;
      if (left >= 0) return 'the disruption budget shop needs 1 healthy pods';
      evicted.push(one.name);
      pods.splice(pods.indexOf(one), 1);
      if (made) pods.push(pod(`${one.name}-new`, { address: '10.5.1.8', ...made }));
      return undefined;
    },
    rights: unused,
    objects: { create: unused, patch: unused, remove: unused },
    lock: { read: unused, create: unused, replace: unused, remove: unused },
    watchUntil: async (_kind, _timeoutMs, isSo) => (await isSo()) || isSo(),
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
    progress: () => {},
  };
  return { deps, evicted };
}

describe('pods made anew', () => {
  const run = async (pods: PodState[], made: Partial<PodState> | undefined, refusals = 0) => {
    const { deps, evicted } = cluster([...pods], made, refusals);
    const outcome = await podsInRange.apply(deps, view(pods), asked).then(
      (detail) => detail,
      (error) => `${error.code}: ${error.why}`,
    );
    return { outcome, evicted };
  };

  it('all of an owner, those without one stay', async () => {
    const { outcome, evicted } = await run([pod('s1'), pod('s2'), bare, fixed], {});
    expect(outcome).toContain('2 pods made anew');
    expect(evicted).toEqual(['s1', 's2']);
  });

  it('waits while a PodDisruptionBudget forbids it, and says so when it does not give way', async () => {
    expect((await run([pod('s1')], {}, 1)).outcome).toContain('1 pod made anew');
    const { outcome, evicted } = await run([pod('s1')], {}, 100);
    expect(outcome).toMatch(/^PODS_NOT_RECREATED: default\/s1 of Deployment shop: the disruption budget shop/);
    expect(evicted).toEqual([]);
  });

  it.each<[string, Partial<PodState> | undefined, RegExp]>([
    ['outside the range again', { address: '172.17.0.3' }, /waits for default\/s1-new on a with 172.17.0.3, after/],
    ['never', undefined, /its owner made no other pod/],
    ['that does not run', { runs: false, reason: 'ErrImagePull: no' }, /10.5.1.8: ErrImagePull: no/],
    ['that is not Ready as the old one was', { isReady: false }, /waits for default\/s1-new/],
  ])('%s: no further pod of that owner is touched', async (_what, made, why) => {
    const { outcome, evicted } = await run([pod('s1'), pod('s2')], made);
    expect(outcome).toMatch(/^PODS_NOT_RECREATED/);
    expect(outcome).toMatch(why);
    expect(evicted).toEqual(['s1']);
  });

  it('one that was never Ready need not be so afterwards', async () => {
    expect((await run([pod('s1', { isReady: false })], { isReady: false })).outcome).toContain('1 pod made anew');
  });
});
