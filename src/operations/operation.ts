import type { z } from 'zod';
import type { Change } from '../events.ts';
import type { ShellScript } from '../shell.ts';

/** What tasks earlier in the same batch are about to write: the digest of a file to come, or null for one that goes away. */
export interface Upcoming {
  readonly files: ReadonlyMap<string, string | null>;
}

/** Something an operation writes, for the `upcoming` of later tasks. */
export interface Written {
  readonly path: string;
  /** Lower-case hex SHA-256 of the content to come; null when the file is removed. */
  readonly sha256: string | null;
}

/** A local file that has to be on the host, by content, before the operation applies. */
export interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

/**
 * One kind of thing a host can have: what to want, how to see it, how to change it, how to take it back.
 * Scripts run under `sh -s` after the prelude of `prelude.ts`, with standard input from /dev/null;
 * a script that exits other than 0 is a failure and its standard error is the reason.
 */
export interface HostOperation<Schema extends z.ZodType = z.ZodType, Actual = unknown> {
  /** Its key in a playbook. */
  readonly name: string;
  /** What a task may say; also the reference page. */
  readonly schema: Schema;
  /** Read-only; prints what `parse` reads. */
  probe(desired: z.output<Schema>): ShellScript;
  parse(output: string, desired: z.output<Schema>): Actual;
  /** Empty means nothing to do; throws a ProvisionError when what is there forbids the change. */
  diff(actual: Actual, desired: z.output<Schema>, upcoming: Upcoming): readonly Change[];
  apply(desired: z.output<Schema>, actual: Actual, upcoming: Upcoming): ShellScript;
  readonly undo: ((actual: Actual, desired: z.output<Schema>) => ShellScript) | { readonly irreversible: string };
  /** Seconds after which applying is given up; 60 unless said. */
  readonly timeoutSeconds?: number;
  writes?(desired: z.output<Schema>, actual: Actual): readonly Written[];
  artifacts?(desired: z.output<Schema>, actual: Actual): readonly Artifact[];
}

/** Keeps the types of schema and Actual together where an operation is defined. */
export const defineOperation = <Schema extends z.ZodType, Actual>(
  operation: HostOperation<Schema, Actual>,
): HostOperation<Schema, Actual> => operation;
