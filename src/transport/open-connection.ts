import type { Client } from 'ssh2';

/** A connection after its login. */
export interface OpenConnection {
  readonly client: Client;
  /** Why the connection broke, once it has. */
  brokenBy(): Error | undefined;
  close(): void;
}

/** What ssh2 and node-ssh say of a connection that did not come about. */
export interface ConnectError extends Error {
  /** Where ssh2 says it went wrong; node-ssh sets none when the connection was closed before the login. */
  readonly level?: string;
  readonly code?: string | number;
}

/** How far a login has got. */
export interface LoginCourse {
  /** What was offered so far, for a person. */
  readonly tried: readonly string[];
  /** What the host said it would take, once it has said so. */
  methodsOffered(): readonly string[];
}
