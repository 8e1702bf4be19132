import type { ClusterOperation } from '../operations/cluster-operation.ts';
import type { HostOperation } from '../operations/operation.ts';

/** What a task wants on one host, or why that is not known or not wanted. */
export type Resolution =
  | { readonly status: 'known'; readonly task: string; readonly desired: unknown }
  | { readonly status: 'unknown'; readonly task: string; readonly until: string }
  | { readonly status: 'skipped'; readonly task: string; readonly because: string };

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

export interface Stage {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly serial: Serial | undefined;
  readonly order: 'leader-last' | undefined;
  /** Hosts whose Node is Ready are taken in batches of 1, then 25%; the others all at once before them. */
  readonly protectReady: boolean;
  /** Hosts outside --limit take part too, if they have the network agent: their routes have to follow. */
  readonly beyondLimit: boolean;
  readonly tasks: readonly StageTask[];
}

export const isClusterTask = (task: {
  readonly operation: HostOperation | ClusterOperation;
}): task is { readonly operation: ClusterOperation } & typeof task => 'scope' in task.operation;
