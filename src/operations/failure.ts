/** What `fail` of the prelude wrote to standard error: an error with a name. */
export interface NamedFailure {
  readonly code: string;
  readonly what: string;
  readonly fix?: string;
  /** The rest of standard error. */
  readonly why?: string;
}

/** Undefined when the script failed without naming its error. */
export function readFailure(stderr: string): NamedFailure | undefined {
  const found = /^provision-error: ([A-Z0-9_]+)\nwhat: (.*)\nfix: ?(.*)\n?/m.exec(stderr);
  const [all, code, what, fix] = found ?? [];
  if (all === undefined || code === undefined || what === undefined) return undefined;
  const why = stderr.replace(all, '').trim();
  return { code, what, ...(fix ? { fix } : {}), ...(why ? { why } : {}) };
}
