import type { ProvisionError } from './errors.ts';

/** One difference between what is and what is wanted, in words for a person. */
export interface Change {
  /** What it is about: a path, a unit, a route. */
  readonly subject: string;
  /** One line: what will happen to it. */
  readonly action: string;
  /** Text before and after, for a diff; left out where it is secret or binary. */
  readonly before?: string;
  readonly after?: string;
}

export interface HostSummary {
  readonly host: string;
  readonly changed: number;
  readonly ok: number;
  readonly failed: number;
  readonly seconds: number;
  readonly commands: number;
  readonly uploads: number;
}

/** What a run tells its reporters, in the order it happens; displays only listen. */
export type RunEvent =
  | { readonly type: 'run-started'; readonly run: string; readonly command: string; readonly hosts: readonly string[] }
  | { readonly type: 'host-connected'; readonly host: string }
  | { readonly type: 'stage-started'; readonly stage: string; readonly hosts: readonly string[] }
  | {
      readonly type: 'batch-started';
      readonly stage: string;
      readonly batch: number;
      readonly hosts: readonly string[];
    }
  | { readonly type: 'task-started'; readonly stage: string; readonly host: string; readonly task: string }
  | {
      readonly type: 'task-finished';
      readonly stage: string;
      readonly host: string;
      readonly task: string;
      readonly status: 'ok' | 'changed' | 'failed' | 'skipped';
      readonly changes: readonly Change[];
      readonly detail?: string;
    }
  | {
      readonly type: 'upload-progress';
      readonly host: string;
      readonly artifact: string;
      readonly sentBytes: number;
      readonly totalBytes: number;
    }
  | {
      readonly type: 'stage-finished';
      readonly stage: string;
      readonly status: 'ok' | 'changed' | 'failed' | 'skipped';
    }
  | { readonly type: 'warning'; readonly message: string; readonly host?: string }
  | { readonly type: 'progress'; readonly stage: string; readonly task: string; readonly detail: string }
  | { readonly type: 'failure'; readonly host?: string; readonly stage?: string; readonly error: ProvisionError }
  | {
      readonly type: 'run-finished';
      readonly status: 'ok' | 'changed' | 'failed';
      readonly seconds: number;
      readonly hosts: readonly HostSummary[];
    };

export type Emit = (event: RunEvent) => void;
