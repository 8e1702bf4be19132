import type pLimit from 'p-limit';
import type { ProvisionError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { JournalEntry } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { NodeMemory } from '../journal/node-memory.ts';
import type { ClusterApi, ClusterSnapshot, PodState } from '../kubernetes/cluster/cluster.ts';
import type { NodeRecord } from '../kubernetes/cluster/node-record.ts';
import type { FactsWish } from '../operations/facts/facts.ts';
import type { Authority } from './authority.ts';
import type { Host, HostTarget } from './host.ts';
import type { ClusterLock } from './lock.ts';
import type { Planner } from './planner.ts';
import type { Scope, Stage } from './stage.ts';

/** Images that were made for this run, by their names at a registry. */
export interface OwnImages {
  /** Throws where the registry does not say. */
  isPushed(image: string): Promise<boolean>;
  /** Resolves to what there is to say of it. */
  push(image: string, progress: (detail: string) => void): Promise<string>;
}

export interface RunRequest {
  /** Names the run in the journal, on the hosts and in the lock. */
  readonly id: string;
  readonly command: string;
  readonly holder: string;
  readonly hosts: readonly HostTarget[];
  readonly stages: readonly Stage[];
  /** What the facts tell. */
  readonly facts: FactsWish;
  /** Who signs certificates of nodes; undefined where none is made. */
  readonly authority?: Authority | undefined;
  /** Undefined where none is to be pushed. */
  readonly images?: OwnImages | undefined;
  /** The unit of the network agent on the hosts. */
  readonly agentUnit: string;
  readonly concurrency: number;
  /** Prove what a change would have to prove even though nothing changed. */
  readonly verify: boolean;
  /** The run that this one takes back, if it does; what it changes itself need not be taken back. */
  readonly undoes?: string;
  /** The run that this one goes on with; what it changed before stays its own. */
  readonly resumes?: string;
  readonly journal: Journal;
  /** Keeps Nodes as they were before the first change and after the last one. */
  readonly memory?: NodeMemory<NodeRecord>;
  /** Asked to stop: no further batch is begun. */
  readonly stopping?: AbortSignal;
  openCluster(): Promise<ClusterApi>;
  /** Taken at the start and given back at the end; a run without one changes nothing. */
  readonly lock?: ClusterLock;
  /** Says which Node each host is and refuses what cannot work; throws before anything was touched. */
  check(hosts: readonly Host[], snapshot: ClusterSnapshot): void;
  scope(host: Host, snapshot: ClusterSnapshot, hosts: ReadonlyMap<string, Host>): Scope;
  /** From now on this value is shown nowhere. */
  hide(secret: string): void;
  readonly emit: Emit;
  /** What is typed to leave hosts out; undefined where the command has no option for it. */
  readonly leavingOut?: ((hosts: readonly string[]) => string) | undefined;
}

/** What a run knows while it goes on. */
export interface RunState {
  readonly request: RunRequest;
  readonly api: ClusterApi;
  readonly planner: Planner;
  readonly hosts: Map<string, Host>;
  readonly failed: Map<string, ProvisionError>;
  readonly limit: ReturnType<typeof pLimit>;
  /** What this run has recorded so far. */
  readonly entries: readonly JournalEntry[];
  /** What is done at the end of the run, however that comes. */
  readonly endings: (() => Promise<void>)[];
  /** The pods on hosts of which a task compares with how they were when the run began. */
  podsAtFirst: readonly PodState[] | undefined;
  snapshot: ClusterSnapshot;
  changed: boolean;
  /** Whether the first look found something to do on a host. */
  isDue: boolean;
  /** A plan has told of objects of the API that will have become others: what follows from them cannot be asked yet. */
  foreseesObjects: boolean;
}
