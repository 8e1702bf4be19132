import type { HostKeyChange } from '../events.ts';

/** A run as it began; with its options it can be begun again. */
export interface RunEntry {
  readonly type: 'run';
  readonly version: 1;
  readonly run: string;
  readonly command: string;
  /** Absolute path. */
  readonly inventory: string;
  readonly inventorySha256: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly user: string;
  readonly machine: string;
  /** Tells the process from every other one; undefined where that cannot be known. */
  readonly process?: { readonly boot: string; readonly pids: string; readonly pid: number; readonly start: string };
  readonly versions: Readonly<Record<string, string>>;
  /** The run that this one takes back. */
  readonly undoes?: string;
  /** The run that this one goes on with. */
  readonly resumes?: string;
  /** The host on which it takes back all runs there were. */
  readonly resets?: string;
}

/** Nodes as they were before anything was changed. */
export interface NodesEntry {
  readonly type: 'nodes';
  readonly nodes: readonly {
    readonly name: string;
    readonly host?: string;
    readonly ready: boolean;
    readonly podCidr?: string;
    /** The run whose cordon it still had. */
    readonly cordonedBy?: string;
  }[];
}

export interface TaskRecord {
  readonly task: string;
  readonly operation: string;
  readonly changes: readonly { readonly subject: string; readonly action: string }[];
  /** Files by the digest they are to have, null for one that goes. */
  readonly writes: readonly { readonly path: string; readonly sha256: string | null }[];
  readonly irreversible?: string;
}

/** What undo wants again once the files of a host are as they were. */
export interface LaterWish {
  readonly task: string;
  readonly operation: string;
  readonly desired: unknown;
}

/** A host is about to be changed. */
export interface ApplyingEntry {
  readonly type: 'applying';
  readonly host: string;
  readonly stage: string;
  readonly serial?: readonly (number | string)[];
  readonly order?: 'leader-last';
  readonly protectReady: boolean;
  readonly tasks: readonly TaskRecord[];
  readonly afterUndo: readonly LaterWish[];
}

/** An object of the API by the fields that a run sets: as they were before, and as it leaves them. */
export interface ObjectRecord {
  /** Null where there was no object. */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly left: Readonly<Record<string, unknown>>;
  /** It is removed; then `left` only names it. */
  readonly isRemoved?: boolean;
}

/** A line of a journal: names, paths and digests, fields of objects of the API; no contents of files and no secrets. */
export type JournalEntry =
  | RunEntry
  | NodesEntry
  | ApplyingEntry
  | ({ readonly type: 'host-key' } & HostKeyChange)
  | {
      /** What was planned has been agreed to: from here on the run can be gone on with, though nothing is changed yet. */
      readonly type: 'agreed';
    }
  | {
      readonly type: 'applied';
      readonly host: string;
      readonly stage: string;
      readonly task: string;
      /** What a script of the operator wrote, its last lines. */
      readonly output?: string;
    }
  | { readonly type: 'uploading'; readonly host: string; readonly artifact: string; readonly sha256: string }
  | {
      /** The cluster is about to be changed, or waited for. */
      readonly type: 'awaiting';
      /** Whether it is changed. */
      readonly isChange: boolean;
      readonly stage: string;
      readonly hosts: readonly string[];
      readonly task: TaskRecord;
      /** What undo needs. */
      readonly objects?: readonly ObjectRecord[];
    }
  | {
      /** These hosts failed and stay as they are: their Nodes are about to be cordoned. */
      readonly type: 'keeping';
      readonly stage: string;
      readonly hosts: readonly string[];
    }
  | {
      /** A failed batch is about to be taken back. */
      readonly type: 'putting-back';
      readonly stage: string;
      readonly hosts: readonly string[];
    }
  | {
      /** These hosts of a failed batch are as they were before it. */
      readonly type: 'put-back';
      readonly stage: string;
      readonly hosts: readonly string[];
    }
  | {
      readonly type: 'failed';
      readonly host?: string;
      readonly stage?: string;
      readonly code: string;
      readonly what: string;
    }
  | { readonly type: 'finished'; readonly status: 'ok' | 'changed' | 'failed' | 'stopped'; readonly seconds: number };

export type Timed<Entry> = Entry & { readonly time: string };
