import type { LockHolder, LockLease, LockLeases } from '../kubernetes/cluster/lock-lease.ts';
import { clusterLocked } from './lock-errors.ts';

export interface LookDeps {
  /** Whether that holder's process is known to have ended. */
  hasEnded(holder: LockHolder): boolean;
  /** Called before a lock is watched for its whole duration. */
  onWatch(lease: LockLease, seconds: number): void;
  /** The command that removes a lock of a run that goes on, for who is certain. */
  readonly insist: string;
}

/** Clocks may be apart this much before a Lease that was renewed in the future is looked at more closely. */
const clockToleranceMs = 10_000;

const aSecond = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1000));

/** Says how a lock is known to be held by nobody, or nothing at all where it is held or the clocks leave it open. */
export type Abandonment = 'its process has ended' | 'it was not renewed in time';

/** Why nobody holds a lock any more; undefined where the Lease has gone meanwhile. Throws CLUSTER_LOCKED for one that is held. */
export async function proveAbandoned(
  lease: LockLease,
  leases: LockLeases,
  deps: LookDeps,
): Promise<Abandonment | undefined> {
  const abandonment = await findAbandonment(lease, leases, deps);
  if (abandonment) return abandonment;
  const now = await leases.read();
  if (now) throw clusterLocked(now, Date.now(), deps.insist);
  return undefined;
}

/**
 * Whether nobody renews a lock any more. As client-go does, renewTime is not compared with this machine's clock to
 * decide for it: a Lease that seems to have run out is watched for its whole duration. Undefined for one that is held.
 */
async function findAbandonment(
  lease: LockLease,
  leases: LockLeases,
  { hasEnded, onWatch }: LookDeps,
): Promise<Abandonment | undefined> {
  if (lease.holder && hasEnded(lease.holder)) return 'its process has ended';
  const ageMs = Date.now() - lease.renewedAt;
  if (ageMs > -clockToleranceMs && ageMs < lease.durationSeconds * 1000) return undefined;
  onWatch(lease, lease.durationSeconds);
  for (let left = lease.durationSeconds; left > 0; left -= 1) {
    await aSecond();
    if (left % 5 !== 1) continue;
    const now = await leases.read();
    if (now?.version !== lease.version) return undefined;
  }
  return 'it was not renewed in time';
}
