import type { z } from 'zod';
import type { Change } from '../events.ts';
import type { CertificateRequest } from '../kubernetes/identity/issue-certificate.ts';
import type { ShellScript } from '../shell.ts';

/** What tasks earlier in the same batch are about to write: the digest of a file to come, or null for one that goes away. */
export interface Upcoming {
  readonly files: ReadonlyMap<string, string | null>;
  /** Units that are stopped, and that a later task has to start. */
  readonly stopped?: ReadonlySet<string>;
  /** Units that are started anew, each with the files to come that its process has seen by then. */
  readonly started?: ReadonlyMap<string, Upcoming['files']>;
  /** Units that are down by the time a later stage looks at them anew. */
  readonly down?: ReadonlySet<string>;
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

/** Files of another host, by what was seen of them there. */
export interface DistantFiles {
  readonly host: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/**
 * One kind of thing a host can have: what to want, how to see it, how to change it, how to take it back.
 * Scripts run under `sh -s` after the prelude of `prelude.ts`, with standard input from /dev/null;
 * a script that exits other than 0 is a failure and its standard error is the reason.
 */
export interface HostOperation<Schema extends z.ZodType = z.ZodType, Actual = unknown> {
  /** Its key in a playbook. */
  readonly name: string;
  /** What the host has afterwards, in the words of docs/operations.md; of those that a playbook may name. */
  readonly summary?: string;
  /** What a task may say; also the reference page. */
  readonly schema: Schema;
  /** Read-only; prints what `parse` reads. */
  probe(desired: z.output<Schema>): ShellScript;
  parse(output: string, desired: z.output<Schema>): Actual;
  /** Empty means nothing to do; throws a ProvisionError when what is there forbids the change. */
  diff(actual: Actual, desired: z.output<Schema>, upcoming: Upcoming): readonly Change[];
  /** What is worth a word although nothing is done about it. */
  warnings?(actual: Actual, desired: z.output<Schema>): readonly string[];
  apply(desired: z.output<Schema>, actual: Actual, upcoming: Upcoming): ShellScript;
  /** Of an operation that leaves something open when it applies: a certificate for the public key that it printed. */
  readonly signing?: {
    /** Undefined where none is needed. */
    request(output: string, desired: z.output<Schema>, actual: Actual): CertificateRequest | undefined;
    /** Puts the certificate (PEM) in its place; runs right after `apply`. */
    finish(desired: z.output<Schema>, certificate: string): ShellScript;
  };
  /** Of an operation that wants files of another host: they come through the memory of this machine, and `finish` runs right after `apply`. */
  readonly copying?: {
    source(desired: z.output<Schema>, actual: Actual): DistantFiles;
    /** Puts the contents (base64, in the order of the source) in their places. */
    finish(desired: z.output<Schema>, actual: Actual, contents: readonly string[]): ShellScript;
  };
  readonly undo: ((actual: Actual, desired: z.output<Schema>) => ShellScript) | { readonly irreversible: string };
  /** Units that the script of `undo` stops. */
  undoStops?(actual: Actual, desired: z.output<Schema>): readonly string[];
  /** What undo has to want again once the files are as they were, for what its script cannot do; undefined for nothing. */
  afterUndo?(actual: Actual, desired: z.output<Schema>): z.output<Schema> | undefined;
  /** Seconds after which applying is given up; 60 unless said. */
  readonly timeoutSeconds?: number;
  writes?(desired: z.output<Schema>, actual: Actual): readonly Written[];
  /** Units that it stops and leaves to a later task. */
  stops?(desired: z.output<Schema>, actual: Actual): readonly string[];
  /** Units that it stops, for a later stage to see that they are down. */
  takesDown?(desired: z.output<Schema>, actual: Actual): readonly string[];
  /** Units that it starts anew, and that are up when it is done. */
  starts?(desired: z.output<Schema>, changes: readonly Change[]): readonly string[];
  artifacts?(desired: z.output<Schema>, actual: Actual): readonly Artifact[];
}

/** Keeps the types of schema and Actual together where an operation is defined. */
export const defineOperation = <Schema extends z.ZodType, Actual>(
  operation: HostOperation<Schema, Actual>,
): HostOperation<Schema, Actual> => operation;
