import type { z } from 'zod';
import type { Change } from '../events.ts';
import type { ClusterApi, ClusterSnapshot } from '../kubernetes/cluster.ts';
import type { HostFacts } from './facts.ts';

/** A host as cluster operations see it. */
export interface ClusterHost {
  readonly name: string;
  readonly facts: HostFacts;
  /** The Node it is; undefined for a host without a kubelet. */
  readonly nodeName: string | undefined;
}

/** Cluster and hosts as they were at one moment; read by the engine, never inside an operation. */
export interface ClusterView {
  readonly snapshot: ClusterSnapshot;
  /** The hosts of the batch at hand. */
  readonly hosts: readonly ClusterHost[];
  /** Whether this run has changed anything so far. */
  readonly changed: boolean;
  /** Whether a host of the batch has changed in this stage. */
  readonly batchChanged: boolean;
  /** Whether proofs were asked for even though nothing changed. */
  readonly verify: boolean;
}

/** What an operation that waits may use. */
export interface ClusterDeps {
  readonly api: ClusterApi;
  /** A fresh view: one facts command per host of the batch and one read of the API. */
  look(): Promise<ClusterView>;
  /** The last lines a unit of a host wrote, for an error. */
  lastLines(host: string, unit: string): Promise<string>;
  /** Remembers on the hosts of the batch that the datapath is proven. */
  markProven(): Promise<void>;
  /** Tells what is being waited for. */
  progress(detail: string): void;
}

/** Something to want of the cluster as a whole, seen and changed through its API. */
export interface ClusterOperation<Schema extends z.ZodType = z.ZodType> {
  readonly scope: 'cluster';
  readonly name: string;
  readonly schema: Schema;
  /** Empty means nothing to do; throws a ProvisionError when it cannot be. */
  diff(view: ClusterView, desired: z.output<Schema>): readonly Change[];
  /** Why it is left undone although a change calls for it, for a warning. */
  notDone?(view: ClusterView, desired: z.output<Schema>): string | undefined;
  /** Returns when it is so, with a line that says what was seen; throws when it will not be. */
  apply(deps: ClusterDeps, view: ClusterView, desired: z.output<Schema>): Promise<string>;
}

export const defineClusterOperation = <Schema extends z.ZodType>(
  operation: ClusterOperation<Schema>,
): ClusterOperation<Schema> => operation;
