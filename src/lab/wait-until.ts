import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisionError } from '../errors.ts';

/** Asks until the answer is something; LAB_TIMEOUT with the last reason when it takes longer. */
export async function waitUntil<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
  reason: () => Promise<string> = async () => '',
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) {
      throw new ProvisionError({
        code: 'LAB_TIMEOUT',
        kind: 'operation',
        what: `${what}: not within ${seconds} s`,
        why: await reason(),
        fix: 'Look at the host with `lab ssh NAME`, or begin again with `lab down` and `lab up`.',
      });
    }
    await sleep(300);
  }
}
