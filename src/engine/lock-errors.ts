import { ProvisionError } from '../errors.ts';
import { describeHolder, type LockHolder, type LockLease, lockName } from '../kubernetes/cluster/lock-lease.ts';

/** Who has the lock, in words. */
export const nameHolder = ({ holder, identity }: LockLease): string => (holder ? describeHolder(holder) : identity);

const secondsBetween = (from: number, to: number): number => Math.round((to - from) / 1000);

/** Who has the lock and until when, in lines. */
export function describeLock(lease: LockLease, now: number): string {
  const age = secondsBetween(lease.renewedAt, now);
  return [
    nameHolder(lease),
    `renewed ${age >= 0 ? `${age} s ago` : `${-age} s ahead of this machine's clock`}; held while that run goes on, and ${lease.durationSeconds} s after it has gone`,
  ].join('\n');
}

/** `unlock` is the command that shows and removes the lock. */
export const clusterLocked = (lease: LockLease, now: number, unlock: string): ProvisionError =>
  new ProvisionError({
    code: 'CLUSTER_LOCKED',
    kind: 'cluster',
    what: 'another run is changing this cluster',
    where: `the Lease ${lockName}`,
    why: describeLock(lease, now),
    fix: `Wait until that run has ended, then run again. If it is certain that it has: ${unlock}`,
  });

/** `taker` is the Lease as it is now, undefined where there is none. */
export const lockLost = (taker: LockLease | undefined, own: LockHolder): ProvisionError =>
  new ProvisionError({
    code: 'LOCK_LOST',
    kind: 'cluster',
    what: 'this run no longer holds the cluster; it stops before its next change',
    where: `the Lease ${lockName}`,
    why: `held for ${describeHolder(own)}\n${taker ? `now held by ${nameHolder(taker)}` : 'it was removed, as unlock does'}`,
    fix: 'See who changes this cluster besides you; then run again: what is done stays done.',
  });

export const lockNotRenewed = (seconds: number, cause: unknown): ProvisionError =>
  new ProvisionError({
    code: 'LOCK_LOST',
    kind: 'cluster',
    what: `this run could not renew its lock for ${Math.round(seconds)} s; it stops before its next change, for another may begin`,
    where: `the Lease ${lockName}`,
    ...(cause instanceof ProvisionError && cause.why !== undefined ? { why: cause.why } : {}),
    fix: "See that the cluster's API answers; then run again: what is done stays done.",
    cause,
  });
