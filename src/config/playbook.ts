import type { z } from 'zod';
import type { Location } from '../location.ts';
import type { Locate } from './check.ts';

/** What a playbook does, in order. */
export interface Playbook {
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly stages: readonly Stage[];
}

export interface Stage {
  readonly name: string;
  /** Names of groups and hosts, globs, `!` before what is left out. */
  readonly hosts: readonly string[];
  /** Batch sizes, the last one repeating: a number of hosts or a percentage like "25%"; all at once if left out. */
  readonly serial: readonly (number | `${number}%`)[] | undefined;
  readonly order: 'leader-last' | undefined;
  /** Ready nodes in batches of one, then a quarter; the others all at once. */
  readonly protectReady: boolean;
  /** Batches as the inventory's `roll` says; a batch that fails is taken back. */
  readonly rolling: boolean;
  /** All hosts are one batch of a rolling stage. */
  readonly allOrNone: boolean;
  /** Hosts outside --limit take part as well. */
  readonly beyondLimit: boolean;
  readonly tags: readonly string[];
  readonly tasks: readonly Task[];
  readonly location: Location;
}

/** One operation with the values it is given, not resolved yet. */
export interface Task {
  readonly name: string;
  readonly operation: string;
  readonly schema: z.ZodType;
  readonly value: unknown;
  /** Those of its stage first. */
  readonly when: readonly Condition[];
  readonly loop?: readonly unknown[] | string;
  /** Its own and those of its stage. */
  readonly tags: readonly string[];
  /** It, or its stage, is what no other command than `migrate` does. */
  readonly migrationOnly: boolean;
  readonly location: Location;
  /** Where something inside the operation's value stands. */
  readonly locate: Locate;
}

/** True when the variable has one of the values; null stands for "not set". */
export interface Condition {
  readonly variable: readonly string[];
  readonly values: readonly unknown[];
}
