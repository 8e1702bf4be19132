import type pLimit from 'p-limit';
import type { ProvisionError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { ClusterApi, ClusterSnapshot } from '../kubernetes/cluster.ts';
import type { Host, HostTarget } from './host.ts';
import type { Planner } from './planner.ts';
import type { Scope, Stage } from './stage.ts';

export interface RunRequest {
  /** Names the run in the journal, on the hosts and in the lock. */
  readonly id: string;
  readonly command: string;
  readonly holder: string;
  readonly hosts: readonly HostTarget[];
  readonly stages: readonly Stage[];
  /** Units whose process start the facts tell. */
  readonly units: readonly string[];
  /** The unit of the network agent on the hosts. */
  readonly agentUnit: string;
  readonly concurrency: number;
  /** Prove what a change would have to prove even though nothing changed. */
  readonly verify: boolean;
  openCluster(): Promise<ClusterApi>;
  /** Says which Node each host is and refuses what cannot work; throws before anything was touched. */
  check(hosts: readonly Host[], snapshot: ClusterSnapshot): void;
  scope(host: Host, snapshot: ClusterSnapshot): Scope;
  readonly emit: Emit;
}

/** What a run knows while it goes on. */
export interface RunState {
  readonly request: RunRequest;
  readonly api: ClusterApi;
  readonly planner: Planner;
  readonly hosts: Map<string, Host>;
  readonly failed: Map<string, ProvisionError>;
  readonly limit: ReturnType<typeof pLimit>;
  snapshot: ClusterSnapshot;
  changed: boolean;
}
