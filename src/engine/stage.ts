import type { ClusterOperation } from '../operations/cluster-operation.ts';
import type { HostOperation } from '../operations/operation.ts';

/** What a task wants on one host, or why that is not known or not wanted. */
export type Resolution =
  | { readonly status: 'known'; readonly task: string; readonly desired: unknown }
  | { readonly status: 'unknown'; readonly task: string; readonly until: string }
  | { readonly status: 'skipped'; readonly task: string; readonly because: string };

/** When values of a host are known that has to get its software first: what forbids a change there may be gone by then. */
export const afterInstallation = 'after the software of the host is installed';

/** Values a playbook may name: settings, `host`, `node`, `facts`. */
export type Scope = Readonly<Record<string, unknown>>;

export interface StageTask {
  readonly name: string;
  readonly operation: HostOperation | ClusterOperation;
  /** One resolution, or one for each round of a loop; throws a ProvisionError for values that do not fit. */
  resolve(scope: Scope): readonly Resolution[];
}

/** How many hosts at once: numbers or percentages, the last one repeated. */
export type Serial = readonly (number | `${number}%`)[];

/** How a stage goes from batch to batch of a live cluster. */
export interface Rolling {
  /** Sizes of batches, the last one repeating; parts are of those to be changed. */
  readonly batches: Serial;
  /** Hosts that make up the first batch. */
  readonly canary: readonly string[];
  /** Hosts in the order to take them. */
  readonly order: readonly string[];
  /** Hosts that are taken one at a time after all others, the leader last. */
  readonly controlPlane: readonly string[];
  /** Of all Nodes of the cluster, how many may be down at once; as many as the largest batch if undefined. */
  readonly maxUnavailable: number | `${number}%` | undefined;
  /** A node that failed is left as it is, cordoned. */
  readonly keepFailed: boolean;
  /** The stage has one batch: all of its hosts, or none, are as wanted afterwards. */
  readonly allOrNone: boolean;
}

export interface Stage {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly serial: Serial | undefined;
  readonly order: 'leader-last' | undefined;
  /** Hosts whose Node is Ready are taken in batches of 1, then 25%; the others all at once before them. */
  readonly protectReady: boolean;
  /** A batch that fails is taken back, and no other one begins; undefined where it stays as it is. */
  readonly rolling: Rolling | undefined;
  /** Hosts outside --limit take part too, if they have the network agent: their routes have to follow. */
  readonly beyondLimit: boolean;
  readonly tasks: readonly StageTask[];
}

export const isClusterTask = (task: {
  readonly operation: HostOperation | ClusterOperation;
}): task is { readonly operation: ClusterOperation } & typeof task => 'scope' in task.operation;
