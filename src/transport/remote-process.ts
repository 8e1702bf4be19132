import type { Readable, Writable } from 'node:stream';

/** A command line that a login shell was given to run. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended and its output was read; rejects when that cannot be known any more. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Ends it at once, as far as the user who logged in may do that. */
  kill(): void;
  /** Takes no further part in it; what it has started may go on. */
  close(): void;
}

/** A host that one can log in to, by whatever way. */
export interface Machine {
  readonly name: string;
  /** Who logs in there. */
  readonly user: string;
  spawn(commandLine: string): Promise<RemoteProcess>;
  /** Why it cannot be reached any more, where it knows better than the process that broke. */
  brokenBy(): Error | undefined;
  close(): void;
}
