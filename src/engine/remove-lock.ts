import type { LockLease, LockLeases } from '../kubernetes/cluster/lock-lease.ts';
import { type Abandonment, type LookDeps, proveAbandoned } from './abandoned.ts';

export interface Removal {
  /** The lock as it was found; undefined where there was none. */
  readonly lock: LockLease | undefined;
  /** How it was known to be nobody's; undefined when it was removed by force. */
  readonly abandonment: Abandonment | undefined;
}

export interface RemoveOptions extends LookDeps {
  readonly force: boolean;
}

/** Removes a lock that nobody renews, or any with `force`; throws CLUSTER_LOCKED for one that is held. */
export async function removeLock(leases: LockLeases, options: RemoveOptions): Promise<Removal> {
  for (;;) {
    const lock = await leases.read();
    if (!lock) return { lock, abandonment: undefined };
    const abandonment = options.force ? undefined : await proveAbandoned(lock, leases, options);
    if (!options.force && !abandonment) continue;
    if (await leases.remove(lock)) return { lock, abandonment };
  }
}
