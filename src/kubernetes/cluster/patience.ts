import { setTimeout as sleep } from 'node:timers/promises';

/** How long, and by which clock, an API that answered before is waited for. */
export interface Patience {
  readonly lastsMs: number;
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

const usualPatience: Patience = { lastsMs: 60_000, now: Date.now, sleep };

const firstPauseMs = 500;
const longestPauseMs = 5_000;

/** An API server that restarts, one behind a load balancer, and a store that elects a leader. */
const momentaryAnswers: readonly number[] = [429, 500, 502, 503, 504];

const momentaryFailures: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
];

interface Failure {
  /** A number of HTTP, or the name of a failure of the network. */
  readonly code?: number | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Makes requests again that fail because nobody answers for a moment, once one was answered: before that, a wrong address
 * is more likely. `isAgain` tells a request that an earlier try of it may have been carried out.
 */
export function makePatient(
  patience: Patience = usualPatience,
): <T>(request: (isAgain: boolean) => Promise<T>) => Promise<T> {
  let wasAnswered = false;
  return async (request) => {
    const deadline = patience.now() + patience.lastsMs;
    for (let pauseMs = firstPauseMs, isAgain = false; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const answer = await request(isAgain);
        wasAnswered = true;
        return answer;
      } catch (cause) {
        const failure = cause as Failure;
        if (!isMomentary(failure)) wasAnswered ||= typeof failure.code === 'number';
        const waitMs = Math.max(pauseMs, askedPauseMs(failure));
        if (!wasAnswered || !isMomentary(failure) || patience.now() + waitMs > deadline) throw cause;
        await patience.sleep(waitMs);
        isAgain = true;
      }
    }
  };
}

const isMomentary = ({ code }: Failure): boolean =>
  typeof code === 'number' ? momentaryAnswers.includes(code) : momentaryFailures.includes(code ?? '');

/** An API server with too much to do says how long to leave it alone. */
const askedPauseMs = ({ headers }: Failure): number => (Number(headers?.['retry-after']) || 0) * 1000;
