import { describe, expect, it } from 'vitest';
import { makePatient } from '../../../../src/kubernetes/cluster/patience.ts';

/** A clock that moves only while something sleeps, and what was slept. */
function standingClock() {
  const slept: number[] = [];
  let now = 0;
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
    now += ms;
  };
  return { slept, patience: { lastsMs: 60_000, now: () => now, sleep } };
}

/** A request that ends in these ways, one after another, the last one again and again; an Error is thrown. */
function request(...outcomes: readonly unknown[]) {
  const again: boolean[] = [];
  const make = async (isAgain: boolean): Promise<unknown> => {
    const outcome = outcomes[Math.min(again.length, outcomes.length - 1)];
    again.push(isAgain);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  return { make, again };
}

const failure = (code: number | string, headers = {}): Error =>
  Object.assign(new Error(String(code)), { code, headers });
const refused = failure('ECONNREFUSED');

describe('an API that was never answered by', () => {
  it('is not waited for: the address may be wrong', async () => {
    const { patience, slept } = standingClock();
    const { make, again } = request(refused, 'answer');
    await expect(makePatient(patience)(make)).rejects.toBe(refused);
    expect([again, slept]).toEqual([[false], []]);
  });

  it('counts as known once it has answered, be it with a refusal', async () => {
    const { patience } = standingClock();
    const insist = makePatient(patience);
    await expect(insist(request(failure(404)).make)).rejects.toThrow('404');
    await expect(insist(request(refused, 'answer').make)).resolves.toBe('answer');
  });

  it('does not become known by being unwell', async () => {
    const insist = makePatient(standingClock().patience);
    await expect(insist(request(failure(503)).make)).rejects.toThrow('503');
    await expect(insist(request(refused, 'answer').make)).rejects.toBe(refused);
  });
});

describe('an API that answered before', () => {
  const known = async () => {
    const clock = standingClock();
    const insist = makePatient(clock.patience);
    await insist(request('answer').make);
    return { ...clock, insist };
  };

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 429, 500, 502, 503, 504])(
    '%s: is asked again, and the request is told so',
    async (code) => {
      const { insist } = await known();
      const { make, again } = request(failure(code), failure(code), 'answer');
      await expect(insist(make)).resolves.toBe('answer');
      expect(again).toEqual([false, true, true]);
    },
  );

  it.each(['CERT_HAS_EXPIRED', 400, 401, 403, 404, 409, 422])('%s: is an answer', async (code) => {
    const { insist, slept } = await known();
    await expect(insist(request(failure(code), 'answer').make)).rejects.toThrow(String(code));
    expect(slept).toEqual([]);
  });

  it('is asked less and less often, for a minute and no longer', async () => {
    const { insist, slept } = await known();
    await expect(insist(request(refused).make)).rejects.toBe(refused);
    expect(slept.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    const total = slept.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThanOrEqual(60_000);
  });

  it('is left alone as long as it asks for', async () => {
    const { insist, slept } = await known();
    const tooMuch = failure(429, { 'retry-after': '7' });
    await insist(request(tooMuch, 'answer').make);
    expect(slept).toEqual([7000]);
    const muchTooMuch = failure(429, { 'retry-after': '3600' });
    await expect(insist(request(muchTooMuch).make)).rejects.toBe(muchTooMuch);
    expect(slept).toEqual([7000]);
  });
});
