import type { Location } from './location.ts';

/** Exit code of each kind of error; anything that is not a ProvisionError is our own fault and exits with 70. */
export const exitCodes = { usage: 2, config: 2, connection: 3, operation: 4, cluster: 5, stopped: 130 } as const;

export type ErrorKind = keyof typeof exitCodes;

export interface ErrorDetails {
  /** Stable, upper-case, the name to decide by and to search for. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** What happened, one sentence without a full stop. */
  readonly what: string;
  readonly where?: Location | string;
  /** The setting it is about, by its path: whoever read the settings knows its place. */
  readonly setting?: readonly string[];
  /** Evidence: the lines of a log, the values that disagree. */
  readonly why?: string;
  /** What to do next: the last line a person reads. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** An error a person can act on. */
export class ProvisionError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly what: string;
  readonly where: Location | string | undefined;
  readonly setting: readonly string[] | undefined;
  readonly why: string | undefined;
  readonly fix: string | undefined;

  constructor(details: ErrorDetails) {
    super(`${details.code}: ${details.what}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ProvisionError';
    this.code = details.code;
    this.kind = details.kind;
    this.what = details.what;
    this.where = details.where;
    this.setting = details.setting;
    this.why = details.why;
    this.fix = details.fix;
  }

  get exitCode(): number {
    return exitCodes[this.kind];
  }

  /** The same error, told otherwise. */
  with(changes: Partial<ErrorDetails>): ProvisionError {
    const { code, kind, what, where, setting, why, fix, cause } = this;
    const known = Object.entries({ where, setting, why, fix, cause }).filter(([, value]) => value !== undefined);
    return new ProvisionError({ code, kind, what, ...Object.fromEntries(known), ...changes });
  }
}

/** Several mistakes found at once, for instance all those of one file. */
export class ProvisionErrors extends Error {
  readonly errors: readonly ProvisionError[];

  constructor(errors: readonly ProvisionError[]) {
    super(errors.map((error) => error.message).join('\n'));
    this.name = 'ProvisionErrors';
    this.errors = errors;
  }

  get exitCode(): number {
    return this.errors[0]?.exitCode ?? 70;
  }
}
