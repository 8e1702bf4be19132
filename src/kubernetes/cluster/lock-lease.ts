import type { CoordinationV1Api, V1Lease, V1MicroTime } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';

const holderSchema = z.object({
  user: z.string(),
  machine: z.string(),
  command: z.string(),
  run: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** Names one process among all of one kernel, where the system tells; `pids` is the pid namespace that `pid` counts in. */
  process: z.object({ boot: z.string(), pids: z.string(), pid: z.number(), start: z.string() }).optional(),
});

/** A run that holds the cluster. */
export type LockHolder = z.output<typeof holderSchema>;

export const describeHolder = ({ user, machine, command, run, since }: LockHolder): string =>
  `${user} on ${machine}, since ${since}: ${command}, run ${run}`;

/** The Lease that lets one run at a time change a cluster, at one moment. */
export interface LockLease {
  readonly uid: string;
  /** Another one after every write. */
  readonly version: string;
  /** In words, whoever wrote it. */
  readonly identity: string;
  /** Undefined when something else than this tool wrote it. */
  readonly holder: LockHolder | undefined;
  readonly durationSeconds: number;
  /** Milliseconds since the epoch on the holder's own clock. */
  readonly renewedAt: number;
}

/** Every write is bound to the version that was read; all methods may throw LOCK_FORBIDDEN and CLUSTER_UNREACHABLE. */
export interface LockLeases {
  read(): Promise<LockLease | undefined>;
  /** Undefined when there is one already. */
  create(holder: LockHolder, durationSeconds: number): Promise<LockLease | undefined>;
  /** Renews it, or makes it another's; undefined when it is no longer what was read. */
  replace(lease: LockLease, holder: LockHolder, durationSeconds: number): Promise<LockLease | undefined>;
  /** False when it is no longer what was read. */
  remove(lease: LockLease): Promise<boolean>;
}

const name = 'provision';
const namespace = 'kube-system';
export const lockName = `${namespace}/${name}`;
const annotation = 'provision/holder';

function readHolder(lease: V1Lease): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(lease.metadata?.annotations?.[annotation] ?? ''));
  } catch {
    return undefined;
  }
}

const describeLease = (lease: V1Lease): LockLease => ({
  uid: lease.metadata?.uid ?? '',
  version: lease.metadata?.resourceVersion ?? '',
  identity: lease.spec?.holderIdentity ?? '(nobody)',
  holder: readHolder(lease),
  durationSeconds: lease.spec?.leaseDurationSeconds ?? 0,
  renewedAt: new Date(lease.spec?.renewTime ?? 0).getTime(),
});

interface ApiAnswer extends Error {
  readonly code?: number;
  readonly body?: unknown;
}

const forbidden = (cause: ApiAnswer): ProvisionError =>
  new ProvisionError({
    code: 'LOCK_FORBIDDEN',
    kind: 'cluster',
    what: `the user of cluster.kubeconfig may not hold the lock, the Lease ${lockName}`,
    why: typeof cause.body === 'string' ? cause.body : cause.message,
    fix: `Let that user get, create, update and delete leases in ${namespace}: kubectl -n ${namespace} create role provision-lock --resource=leases --verb=get,create,update,delete; then a rolebinding to it.`,
    cause,
  });

/** The lock's Lease seen through the API; `unreachable` makes the error for an API that does not answer. */
export function openLockLeases(
  coordination: CoordinationV1Api,
  MicroTime: typeof V1MicroTime,
  unreachable: (cause: unknown) => ProvisionError,
): LockLeases {
  const at = { namespace, name };

  /** Undefined for an answer with one of these codes. */
  async function ask<T>(request: Promise<T>, without: readonly number[]): Promise<T | undefined> {
    try {
      return await request;
    } catch (cause) {
      const answer = cause as ApiAnswer;
      if (answer.code !== undefined && without.includes(answer.code)) return undefined;
      throw answer.code === 403 ? forbidden(answer) : unreachable(cause);
    }
  }

  function write(holder: LockHolder, durationSeconds: number, metadata: V1Lease['metadata'] = {}): V1Lease {
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...metadata, ...at, annotations: { [annotation]: JSON.stringify(holder) } },
      spec: {
        holderIdentity: describeHolder(holder),
        acquireTime: new MicroTime(holder.since),
        renewTime: new MicroTime(),
        leaseDurationSeconds: durationSeconds,
      },
    };
  }

  return {
    async read() {
      const found = await ask(coordination.readNamespacedLease(at), [404]);
      return found && describeLease(found);
    },
    async create(holder, durationSeconds) {
      const made = await ask(
        coordination.createNamespacedLease({ namespace, body: write(holder, durationSeconds) }),
        [409],
      );
      return made && describeLease(made);
    },
    async replace({ uid, version }, holder, durationSeconds) {
      const body = write(holder, durationSeconds, { uid, resourceVersion: version });
      const written = await ask(coordination.replaceNamespacedLease({ ...at, body }), [404, 409]);
      return written && describeLease(written);
    },
    async remove({ uid, version }) {
      const preconditions = { uid, resourceVersion: version };
      const removed = await ask(coordination.deleteNamespacedLease({ ...at, body: { preconditions } }), [404, 409]);
      return removed !== undefined;
    },
  };
}
