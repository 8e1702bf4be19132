import { setTimeout as sleep } from 'node:timers/promises';
import type { Watch } from '@kubernetes/client-node';
import { ProvisionError } from '../../errors.ts';

/** Leases and clocks move without an event of the watched objects: the question is asked this often all the same. */
const recheckMs = 2_000;

/** Events come in bursts: one question answers for all that arrive within this time. */
const settleMs = 500;

/** Asks again at every change of the objects at a path of the API until it is so; false when the time is up. */
export async function watchUntil(
  watch: Watch,
  path: string,
  timeoutMs: number,
  isSo: () => Promise<boolean>,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  let wake: () => void = () => {};
  let abort: AbortController | undefined;
  const follow = async () => {
    abort = await watch.watch(
      path,
      {},
      () => wake(),
      () => {
        abort = undefined;
      },
    );
  };
  try {
    while (Date.now() < deadline) {
      if (!abort) await follow().catch(() => undefined);
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (await isSo().catch(retryUnreachable)) return true;
      await Promise.race([changed, sleep(Math.min(recheckMs, Math.max(0, deadline - Date.now())))]);
      await sleep(settleMs);
    }
    return false;
  } finally {
    abort?.abort();
  }
}

/** An API server that restarts is waited for like anything else. */
function retryUnreachable(error: unknown): false {
  if (error instanceof ProvisionError && error.code === 'CLUSTER_UNREACHABLE') return false;
  throw error;
}
