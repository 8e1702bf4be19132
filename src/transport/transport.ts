import type { Readable } from 'node:stream';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit status; null when the command died of a signal or the connection was lost before it was known. */
  readonly code: number | null;
}

export interface RunOptions {
  /** Milliseconds after which the command is given up with COMMAND_TIMEOUT. */
  readonly timeoutMs: number;
  /** Called with standard output as it arrives. */
  readonly onOutput?: (text: string) => void;
}

/** One open connection to one host, with root's rights on it; every method is one command there. */
export interface Transport {
  /** Runs a POSIX sh script that travels on standard input, under `sh -s`. */
  run(script: string, options: RunOptions): Promise<CommandResult>;
  /** Streams bytes to the standard input of POSIX sh source that is one line. */
  send(line: string, content: Readable, options: RunOptions): Promise<CommandResult>;
  /** How many commands and uploads this connection has carried. */
  readonly counts: { readonly commands: number; readonly uploads: number };
  close(): void;
}
