import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClusterLock, type LockOptions } from '../../../src/engine/lock.ts';
import { removeLock } from '../../../src/engine/remove-lock.ts';
import { ProvisionError } from '../../../src/errors.ts';
import type { LockHolder, LockLease, LockLeases } from '../../../src/kubernetes/cluster/lock-lease.ts';

const holderOf = (run: string): LockHolder => ({
  user: 'root',
  machine: 'laptop',
  command: 'up',
  run,
  since: '2026-01-01T00:00:00.000Z',
});

/** One Lease behind an API that checks versions, or does not answer. */
function fakeApi() {
  let version = 0;
  const state: { lease: LockLease | undefined; answers: boolean; calls: string[]; losesAnswers: boolean } = {
    lease: undefined,
    answers: true,
    calls: [],
    losesAnswers: false,
  };
  const ask = (call: string): void => {
    state.calls.push(call);
    if (!state.answers)
      throw new ProvisionError({ code: 'CLUSTER_UNREACHABLE', kind: 'cluster', what: 'gone', why: 'refused' });
  };
  const write = (holder: LockHolder, durationSeconds: number, uid: string): LockLease => {
    version += 1;
    state.lease = { uid, version: `${version}`, identity: holder.run, holder, durationSeconds, renewedAt: Date.now() };
    if (state.losesAnswers) throw new ProvisionError({ code: 'CLUSTER_UNREACHABLE', kind: 'cluster', what: 'cut' });
    return state.lease;
  };
  const leases: LockLeases = {
    async read() {
      ask('read');
      return state.lease;
    },
    async create(holder, seconds) {
      ask('create');
      return state.lease ? undefined : write(holder, seconds, `uid ${version}`);
    },
    async replace(lease, holder, seconds) {
      ask('replace');
      if (state.lease?.uid !== lease.uid || state.lease.version !== lease.version) return undefined;
      return write(holder, seconds, lease.uid);
    },
    async remove(lease) {
      ask('remove');
      if (state.lease?.uid !== lease.uid || state.lease.version !== lease.version) return false;
      state.lease = undefined;
      return true;
    },
  };
  return { state, leases };
}

function newLock(run: string, more: Partial<LockOptions> = {}) {
  const warnings: string[] = [];
  const lock = new ClusterLock({
    holder: holderOf(run),
    unlock: './provision unlock inventory.yaml',
    hasEnded: () => false,
    warn: (message) => warnings.push(message),
    ...more,
  });
  return { lock, warnings };
}

const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => 'done').catch((error) => error.code ?? error);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('taking the lock', () => {
  test('costs two calls in all, and leaves nothing', async () => {
    const { state, leases } = fakeApi();
    const { lock, warnings } = newLock('1');
    await lock.acquire(leases);
    expect(state.lease).toMatchObject({ holder: { run: '1' }, durationSeconds: 45 });
    await lock.confirm();
    await lock.release();
    await lock.release();
    expect(state).toMatchObject({ lease: undefined, calls: ['create', 'remove'] });
    expect(warnings).toEqual([]);
  });

  test('is refused while another run holds it, with its name and the way out', async () => {
    const { leases } = fakeApi();
    await newLock('1').lock.acquire(leases);
    await vi.advanceTimersByTimeAsync(100_000);
    const refused = await newLock('2')
      .lock.acquire(leases)
      .catch((error) => error);
    expect(refused).toMatchObject({ code: 'CLUSTER_LOCKED', fix: expect.stringContaining('unlock inventory.yaml') });
    expect(refused.why).toMatch(
      /root on laptop, since 2026-01-01T00:00:00.000Z: up, run 1\nrenewed \d s ago; .* 45 s after/,
    );
  });

  test('of a process that has ended succeeds at once, and says whose it was', async () => {
    const { state, leases } = fakeApi();
    await newLock('1').lock.acquire(leases);
    const { lock, warnings } = newLock('2', { hasEnded: ({ run }) => run === '1' });
    await lock.acquire(leases);
    expect(state.lease?.holder?.run).toBe('2');
    expect(warnings).toEqual([
      'took over a lock, for its process has ended (root on laptop, since 2026-01-01T00:00:00.000Z: up, run 1)',
    ]);
  });

  test.each([
    ['long ago', 3_600_000],
    ['by a clock that is ahead', -3_600_000],
  ])('renewed %s succeeds once nobody renewed it for its whole duration', async (_when, ageMs) => {
    const { state, leases } = fakeApi();
    state.lease = {
      uid: 'u',
      version: '7',
      identity: 'x',
      holder: holderOf('1'),
      durationSeconds: 45,
      renewedAt: Date.now() - ageMs,
    };
    const { lock, warnings } = newLock('2');
    const acquiring = lock.acquire(leases);
    await vi.advanceTimersByTimeAsync(44_000);
    expect(state.lease.version).toBe('7');
    await vi.advanceTimersByTimeAsync(1_000);
    await acquiring;
    expect(state.lease.holder?.run).toBe('2');
    expect(warnings.map((text) => text.split(',')[0])).toEqual([
      expect.stringContaining('the lock of root on laptop'),
      'took over a lock',
    ]);
  });

  test('that seems to have run out is refused when it is renewed after all', async () => {
    const { state, leases } = fakeApi();
    state.lease = { uid: 'u', version: '7', identity: 'x', holder: holderOf('1'), durationSeconds: 45, renewedAt: 0 };
    const acquiring = outcome(newLock('2').lock.acquire(leases));
    await vi.advanceTimersByTimeAsync(20_000);
    state.lease = { ...state.lease, version: '8' };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await acquiring).toBe('CLUSTER_LOCKED');
  });

  test.each([
    ['taken', 'done', '2'],
    ['found gone by unlock', undefined, undefined],
  ])('that goes away while it is watched is %s', async (how, expected, holder) => {
    const { state, leases } = fakeApi();
    state.lease = { uid: 'u', version: '7', identity: 'x', holder: holderOf('1'), durationSeconds: 45, renewedAt: 0 };
    const hasEnded = () => false;
    const settled =
      how === 'taken'
        ? outcome(newLock('2').lock.acquire(leases))
        : removeLock(leases, { force: false, insist: '', hasEnded, onWatch: () => {} }).then(({ lock }) => lock);
    await vi.advanceTimersByTimeAsync(20_000);
    Object.assign(state, { lease: undefined });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await settled).toBe(expected);
    expect(state.lease?.holder?.run).toBe(holder);
  });

  test("two at once: one gets a dead one's lock, the other is told of that one", async () => {
    const { state, leases } = fakeApi();
    await newLock('1').lock.acquire(leases);
    const hasEnded = ({ run }: LockHolder) => run === '1';
    const outcomes = await Promise.all(
      ['2', '3'].map((run) => outcome(newLock(run, { hasEnded }).lock.acquire(leases))),
    );
    expect(outcomes.toSorted()).toEqual(['CLUSTER_LOCKED', 'done']);
    expect(state.lease?.holder?.run).toBe(outcomes[0] === 'done' ? '2' : '3');
  });
});

describe('a lock that is held', () => {
  test('is renewed and stays', async () => {
    const { state, leases } = fakeApi();
    const { lock } = newLock('1');
    await lock.acquire(leases);
    await vi.advanceTimersByTimeAsync(60_500);
    expect(state.calls.filter((call) => call === 'replace')).toHaveLength(6);
    await lock.confirm();
  });

  test.each(['removed', 'taken'] as const)('and %s is lost before the next change', async (how) => {
    const { state, leases } = fakeApi();
    const { lock } = newLock('1');
    await lock.acquire(leases);
    await removeLock(leases, { force: true, insist: '', hasEnded: () => false, onWatch: () => {} });
    if (how === 'taken') await newLock('2').lock.acquire(leases);
    await vi.advanceTimersByTimeAsync(10_500);
    await expect(lock.confirm()).rejects.toMatchObject({
      code: 'LOCK_LOST',
      why: expect.stringContaining(how === 'taken' ? 'now held by root on laptop' : 'it was removed'),
    });
    await lock.release();
    expect(state.lease?.holder?.run).toBe(how === 'taken' ? '2' : undefined);
  });

  test('is lost when the API does not answer for thirty seconds, and not before', async () => {
    const { state, leases } = fakeApi();
    const { lock } = newLock('1');
    await lock.acquire(leases);
    state.answers = false;
    await vi.advanceTimersByTimeAsync(29_000);
    await lock.confirm();
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(lock.confirm()).rejects.toMatchObject({ code: 'LOCK_LOST', why: 'refused' });
  });

  test('is renewed first after the machine slept, and lost if another took it meanwhile', async () => {
    const { state, leases } = fakeApi();
    const { lock } = newLock('1');
    await lock.acquire(leases);
    vi.setSystemTime(Date.now() + 3_600_000);
    await lock.confirm();
    expect(state.calls).toEqual(['create', 'replace']);
    vi.setSystemTime(Date.now() + 3_600_000);
    state.lease = { ...(state.lease as LockLease), version: '99', holder: holderOf('2') };
    expect(await outcome(lock.confirm())).toBe('LOCK_LOST');
  });

  test('survives a renewal whose answer was lost', async () => {
    const { state, leases } = fakeApi();
    const { lock } = newLock('1');
    await lock.acquire(leases);
    state.losesAnswers = true;
    await vi.advanceTimersByTimeAsync(10_500);
    state.losesAnswers = false;
    await vi.advanceTimersByTimeAsync(30_000);
    await lock.confirm();
    await lock.release();
    expect(state.lease).toBeUndefined();
  });

  test('that cannot be given back is told of, and holds nobody up for long', async () => {
    const { state, leases } = fakeApi();
    const { lock, warnings } = newLock('1');
    await lock.acquire(leases);
    state.answers = false;
    await lock.release('stop');
    expect(warnings).toEqual([expect.stringContaining('runs out within 45 s by itself')]);
    expect(await outcome(lock.confirm()), 'nothing is changed after that').toBe('LOCK_LOST');
  });

  test('is given back also when the run ends while it is taken', async () => {
    const { state, leases } = fakeApi();
    const { lock } = newLock('1');
    const acquiring = lock.acquire(leases);
    await lock.release();
    await acquiring;
    expect(state.lease).toBeUndefined();
  });
});

describe('unlock', () => {
  const deps = { force: false, insist: 'unlock --force', hasEnded: () => false, onWatch: () => {} };

  test('finds nothing, refuses a lock that is held, removes a dead one and any by force', async () => {
    const { state, leases } = fakeApi();
    expect(await removeLock(leases, deps)).toEqual({ lock: undefined, abandonment: undefined });
    await newLock('1').lock.acquire(leases);
    await expect(removeLock(leases, deps)).rejects.toMatchObject({
      code: 'CLUSTER_LOCKED',
      fix: expect.stringContaining('unlock --force'),
    });
    expect(state.lease).toBeDefined();
    expect(await removeLock(leases, { ...deps, hasEnded: () => true })).toMatchObject({
      abandonment: 'its process has ended',
    });
    expect(state.lease).toBeUndefined();
    await newLock('2').lock.acquire(leases);
    expect(await removeLock(leases, { ...deps, force: true })).toMatchObject({
      lock: { holder: { run: '2' } },
      abandonment: undefined,
    });
    expect(state.lease).toBeUndefined();
  });
});
