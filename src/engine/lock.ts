import { setTimeout as sleep } from 'node:timers/promises';
import type { ProvisionError } from '../errors.ts';
import type { LockHolder, LockLease, LockLeases } from '../kubernetes/cluster/lock-lease.ts';
import { proveAbandoned } from './abandoned.ts';
import { lockLost, lockNotRenewed, nameHolder } from './lock-errors.ts';

export interface LockOptions {
  readonly holder: LockHolder;
  /** The command that shows and removes the lock, for people. */
  readonly unlock: string;
  /** Whether that holder's process is known to have ended. */
  hasEnded(holder: LockHolder): boolean;
  warn(message: string): void;
  readonly timing?: LockTiming;
}

export interface LockTiming {
  /** How long it holds after the last renewal. */
  readonly durationMs: number;
  readonly renewEveryMs: number;
  /** Without a renewal for so long, nothing is changed any more; others wait for the whole duration. */
  readonly giveUpAfterMs: number;
}

const usualTiming: LockTiming = { durationMs: 45_000, renewEveryMs: 10_000, giveUpAfterMs: 30_000 };

/** How long an end waits for an API that does not answer: that of a run by itself, and that of one somebody stopped. */
const patienceMs = { run: 15_000, stop: 3_000 } as const;

/** The cluster's lock from the point of view of one run: not held, held, lost, or given back. */
export class ClusterLock {
  readonly #options: LockOptions;
  readonly #timing: LockTiming;
  #leases: LockLeases | undefined;
  #lease: LockLease | undefined;
  /** Milliseconds since the epoch, not of a clock that stands still while a laptop sleeps. */
  #renewedAt = 0;
  #lost: ProvisionError | undefined;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  /** What is under way to the API; the next one waits for it. */
  #pending: Promise<unknown> = Promise.resolve();

  constructor(options: LockOptions) {
    this.#options = options;
    this.#timing = options.timing ?? usualTiming;
  }

  /** Takes the lock and renews it from then on; throws CLUSTER_LOCKED, LOCK_FORBIDDEN, CLUSTER_UNREACHABLE. */
  acquire(leases: LockLeases): Promise<void> {
    const acquiring = this.#acquire(leases);
    this.#pending = acquiring.catch(() => {});
    return acquiring;
  }

  async #acquire(leases: LockLeases): Promise<void> {
    const { holder, unlock, hasEnded, warn } = this.#options;
    const onWatch = (lease: LockLease, seconds: number) =>
      warn(
        `the lock of ${nameHolder(lease)} seems to have run out; it is taken over unless it is renewed within ${seconds} s`,
      );
    while (!this.#isOver) {
      const askedAt = Date.now();
      const made = await leases.create(holder, this.#durationSeconds);
      if (made) return this.#hold(leases, made, askedAt);
      const found = await leases.read();
      if (!found) continue;
      const abandonment = await proveAbandoned(found, leases, { hasEnded, onWatch, insist: unlock });
      if (!abandonment) continue;
      if (this.#isOver) return;
      const takenAt = Date.now();
      const taken = await leases.replace(found, holder, this.#durationSeconds);
      if (!taken) continue;
      warn(`took over a lock, for ${abandonment} (${nameHolder(found)})`);
      return this.#hold(leases, taken, takenAt);
    }
  }

  /** Throws LOCK_LOST when this run may change nothing any more; to be called before every change. */
  async confirm(): Promise<void> {
    if (this.#lease && !this.#lost && !this.#isFresh()) await this.#renew();
    if (this.#lost) throw this.#lost;
    if (this.#isOver) throw lockLost(undefined, this.#options.holder);
  }

  /** Gives the lock back, if it is held; says so where that fails, and never throws. */
  async release(end: keyof typeof patienceMs = 'run'): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    const late = sleep(patienceMs[end], 'late' as const, { ref: false });
    const removed = await Promise.race([this.#pending.then(() => this.#remove()), late]).catch(() => 'late' as const);
    if (removed === 'late' && this.#lease)
      this.#options.warn(
        `the lock could not be given back: it runs out within ${this.#durationSeconds} s by itself, or: ${this.#options.unlock} --force`,
      );
  }

  get #durationSeconds(): number {
    return Math.ceil(this.#timing.durationMs / 1000);
  }

  #isFresh(): boolean {
    const age = Date.now() - this.#renewedAt;
    return age >= 0 && age < this.#timing.giveUpAfterMs;
  }

  #hold(leases: LockLeases, lease: LockLease, askedAt: number): void {
    this.#leases = leases;
    this.#lease = lease;
    this.#renewedAt = askedAt;
    this.#renewLater();
  }

  #renewLater(): void {
    if (this.#isOver || this.#lost) return;
    this.#timer = setTimeout(
      () => void this.#renew().then(() => this.#renewLater()),
      this.#timing.renewEveryMs,
    ).unref();
  }

  /** One try; it never throws, and leaves #lost behind when the lock is another's or was out of reach for too long. */
  #renew(): Promise<void> {
    const timeout = sleep(this.#timing.renewEveryMs, undefined, { ref: false }).then(() => {
      throw new Error('the API did not answer in time');
    });
    const renewing = Promise.race([this.#pending.then(() => this.#replace()), timeout]).catch((error) => {
      if (!this.#isFresh()) this.#lost ??= lockNotRenewed((Date.now() - this.#renewedAt) / 1000, error);
    });
    this.#pending = renewing;
    return renewing;
  }

  async #replace(): Promise<void> {
    if (!this.#leases || !this.#lease || this.#lost || this.#isOver) return;
    const { holder } = this.#options;
    const askedAt = Date.now();
    const renewed = await this.#leases.replace(this.#lease, holder, this.#durationSeconds);
    if (renewed) {
      this.#lease = renewed;
      this.#renewedAt = askedAt;
      return;
    }
    const found = await this.#leases.read();
    // the answer to an earlier renewal may have been lost on its way
    if (!found || !this.#isOwn(found)) {
      this.#lost = lockLost(found, holder);
      return;
    }
    this.#lease = found;
    await this.#replace();
  }

  #isOwn(lease: LockLease): boolean {
    return lease.uid === this.#lease?.uid && lease.holder?.run === this.#options.holder.run;
  }

  async #remove(): Promise<void> {
    if (!this.#leases || !this.#lease || this.#lost) return;
    if (await this.#leases.remove(this.#lease)) return;
    const found = await this.#leases.read();
    if (found && this.#isOwn(found)) await this.#leases.remove(found);
  }
}
