import type { z } from 'zod';
import type { Change } from '../events.ts';
import type { ClusterApi, ClusterSnapshot, PodState } from '../kubernetes/cluster/cluster.ts';
import type { ObjectChange, ObjectReference } from '../kubernetes/cluster/manifest.ts';
import type { RightsAnswer, RightsQuestion } from '../kubernetes/cluster/rights.ts';
import type { HostFacts } from './facts/facts.ts';

/** A host as cluster operations see it. */
export interface ClusterHost {
  readonly name: string;
  readonly facts: HostFacts;
  /** The Node it is; undefined for a host without a kubelet. */
  readonly nodeName: string | undefined;
}

/** What a task wants of a host, and what it saw there. */
export interface HostLook {
  readonly operation: string;
  readonly desired: unknown;
  readonly actual: unknown;
}

/** Cluster and hosts as they were at one moment; read by the engine, never inside an operation. */
export interface ClusterView {
  readonly snapshot: ClusterSnapshot;
  /** The pods on those hosts; read for an operation that says `readsPods`. */
  readonly pods?: readonly PodState[];
  /**
   * For an operation that says `comparesPods`: the pods that were on hosts to be changed when the batch began, and those that
   * their makers had elsewhere; or those on its hosts when the run began.
   */
  readonly podsBefore?: readonly PodState[];
  /** What host tasks of the stage saw before the batch, by host. */
  readonly looks?: ReadonlyMap<string, readonly HostLook[]>;
  /** What is wrong with the rights of a token; asked for an operation that says `asksRights`, where something is due. */
  readonly rights?: RightsAnswer;
  /** Whether the registry has the image; asked for an operation that says `asksRegistry`. */
  readonly hasImage?: boolean;
  /** The hosts of the batch at hand. */
  readonly hosts: readonly ClusterHost[];
  /** Those of the batch that the stage changes, or has changed by now. */
  readonly changing: readonly ClusterHost[];
  /** The other hosts of the stage that can be reached and have not failed. */
  readonly others: readonly ClusterHost[];
  /** Hosts of the stage that --limit leaves out. */
  readonly leftOut?: readonly string[];
  /** Whether this run has changed anything so far. */
  readonly changed: boolean;
  /** Whether a host of the batch has changed in this stage. */
  readonly batchChanged: boolean;
  /** Whether proofs were asked for even though nothing changed. */
  readonly verify: boolean;
}

/** What an operation that waits may use. */
export interface ClusterDeps {
  /** Names the run, on a Node that it cordons for instance. */
  readonly run: string;
  readonly api: ClusterApi;
  /** Sends an image that was made here to its registry; resolves to what there is to say of it. */
  pushImage(image: string, progress: (detail: string) => void): Promise<string>;
  /** This run holds the cluster's lock: what others left is left by the dead. */
  readonly isAlone: boolean;
  /** A fresh view: one facts command per host of the batch and one read of the API. */
  look(): Promise<ClusterView>;
  /** The last lines a unit of a host wrote, for an error. */
  lastLines(host: string, unit: string): Promise<string>;
  /** Remembers on the hosts of the batch that the datapath is proven. */
  markProven(): Promise<void>;
  /** Done at the end of the run, however that comes; a run that is killed leaves it undone. */
  atEnd(work: () => Promise<void>): void;
  /** Tells what is being waited for. */
  progress(detail: string): void;
}

/** Something to want of the cluster as a whole, seen and changed through its API. */
export interface ClusterOperation<Schema extends z.ZodType = z.ZodType> {
  readonly scope: 'cluster';
  readonly name: string;
  /** When it is done, in the words of docs/operations.md. */
  readonly summary?: string;
  readonly schema: Schema;
  /** It decides by the pods on the hosts, which are read for it alone. */
  readonly readsPods?: true;
  /** It compares with the pods that were there before this began. */
  readonly comparesPods?: 'batch' | 'run';
  /** It decides by the rights of a token. */
  asksRights?(desired: z.output<Schema>): RightsQuestion;
  /** It decides by whether a registry has this image. */
  asksRegistry?(desired: z.output<Schema>): string;
  /** Objects it decides by, which are read with every snapshot. */
  references?(desired: z.output<Schema>): readonly ObjectReference[];
  /** What it does is a change, told for each host that it concerns, and not only a proof or a wait. */
  readonly countsAsChange?: true;
  /** Throws what forbids it, however much is to be done before: asked before the first change of a run. */
  refuse?(view: ClusterView, desired: z.output<Schema>): void;
  /** Objects that it is about to change, for undo: recorded ahead of the change. */
  remember?(view: ClusterView, desired: z.output<Schema>): readonly ObjectChange[];
  /** Empty means nothing to do; throws a ProvisionError when it cannot be. */
  diff(view: ClusterView, desired: z.output<Schema>): readonly Change[];
  /** What there will be to wait for besides `diff` when the run has changed what it is about to change; for a plan. */
  foresee?(view: ClusterView, desired: z.output<Schema>): readonly Change[];
  /** Why what it brings about cannot be taken back; said in the plan and by undo. */
  readonly irreversible?: string;
  /** Why it is left undone although a change calls for it, for a warning. */
  notDone?(view: ClusterView, desired: z.output<Schema>): string | undefined;
  /** Returns when it is so, with a line that says what was seen; throws when it will not be. */
  apply(deps: ClusterDeps, view: ClusterView, desired: z.output<Schema>): Promise<string>;
}

export const defineClusterOperation = <Schema extends z.ZodType>(
  operation: ClusterOperation<Schema>,
): ClusterOperation<Schema> => operation;
