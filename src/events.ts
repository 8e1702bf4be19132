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
  /** Tasks that changed it, without those that the run itself has taken back. */
  readonly changed: number;
  /** Those; left out where there are none. */
  readonly takenBack?: number;
  readonly ok: number;
  readonly failed: number;
  readonly seconds: number;
  readonly commands: number;
  readonly uploads: number;
}

/** Something a plan would send to a host before a task. */
export interface PlannedUpload {
  /** The local path. */
  readonly artifact: string;
  readonly bytes: number;
}

export interface PlannedHost {
  readonly host: string;
  /** Tasks that would change it. */
  readonly changes: number;
  /** Tasks of which it is known later whether they change it. */
  readonly unknown: number;
  readonly commands: number;
}

/** A setting that one run sees otherwise than the inventory says, and how it would be kept. */
export interface OneOffSetting {
  /** As it was given: `kubelet.flags.max-pods=200`. */
  readonly set: string;
  readonly path: readonly string[];
  /** Null for a key taken out. */
  readonly value: unknown;
  /** Hosts for which it makes a difference. */
  readonly hosts: readonly string[];
  /** Where the inventory says something else, as `file:line:column`. */
  readonly written: readonly string[];
  /** What to write into the inventory for hosts that it says nothing about; empty where there is none. */
  readonly lines: string;
}

/** The SSH host key of a machine that took another one's place, as somebody accepted it. */
export interface HostKeyChange {
  readonly host: string;
  /** The name in known_hosts. */
  readonly name: string;
  /** What was known before, as `TYPE SHA256:… FILE:LINE`; empty where nothing was. */
  readonly before: readonly string[];
  /** `TYPE SHA256:…` */
  readonly after: string;
  /** By its fingerprint, by an option for any key, or at the prompt. */
  readonly accepted: 'fingerprint' | 'option' | 'answer';
}

/** Another agent or backend of the pod network: what it means for the packets of pods. */
export interface NetworkChange {
  /** What hosts have that is to become something else; empty where all have what is wanted. */
  readonly from: readonly { readonly what: string; readonly hosts: readonly string[] }[];
  readonly to: string;
  /** Whether pods of hosts that have changed and of those that have not reach each other. */
  readonly sideBySide: boolean;
  readonly why: string;
  /** What pods are to expect, in words. */
  readonly cut: string;
  /** Step by step. */
  readonly order: readonly string[];
  /** What becomes of the MTU of pods that run, where it changes. */
  readonly mtu?: string;
}

/** A pod that is on docker0, and what becomes of it. */
export interface PodOnDocker0 {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly address: string;
  /** Who makes it anew, such as `Deployment web`; null for a bare pod. */
  readonly owner: string | null;
  /** `lost`: nobody makes it again; `on-its-node`: its kubelet or its DaemonSet does, there; `anew`: its owner, wherever there is room. */
  readonly fate: 'anew' | 'on-its-node' | 'lost';
}

/** From which pod network to which, and what that means while it lasts. */
export interface Migration {
  /** Whether there is anything of before: pods on docker0, or a flannel with etcd. */
  readonly isNeeded: boolean;
  readonly from: {
    /** Ranges that flannels with etcd have given out. */
    readonly networks: readonly string[];
    readonly docker0: readonly { readonly host: string; readonly address: string }[];
    readonly flannels: readonly { readonly host: string; readonly unit: string }[];
  };
  readonly to: { readonly network: string; readonly agent: string; readonly backend: string };
  /** The nodes still to go, batch after batch; null where something forbids it before that is known. */
  readonly order: readonly (readonly string[])[] | null;
  readonly pods: readonly PodOnDocker0[];
  /** What does not reach what, and what is lost, a sentence each. */
  readonly meanwhile: readonly string[];
}

/** What a run tells its reporters, in the order it happens; displays only listen. */
export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly run: string;
      readonly command: string;
      readonly hosts: readonly string[];
      /** The run that is, or would be, taken back. */
      readonly undoes?: string;
    }
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
      /** What a script of the operator wrote, its last lines. */
      readonly output?: string;
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
  | {
      readonly type: 'stage-planned';
      readonly stage: string;
      readonly hosts: readonly string[];
      /** Hosts that would be changed, batch after batch. */
      readonly batches: readonly (readonly string[])[];
    }
  | {
      readonly type: 'task-planned';
      readonly stage: string;
      /** From 1; left out where a stage has one batch. */
      readonly batch?: number;
      /** The place of the task in its stage, from 1; batches are told one after another. */
      readonly position: number;
      readonly task: string;
      /** One host, or all of the batch for a task on the cluster. */
      readonly hosts: readonly string[];
      readonly status: 'change' | 'wait' | 'unknown' | 'ok' | 'skipped';
      readonly changes: readonly Change[];
      readonly uploads?: readonly PlannedUpload[];
      /** When what it would change is known, such as "after every Node has a podCIDR". */
      readonly until?: string;
      /** Why it is skipped. */
      readonly detail?: string;
      /** Why what it brings about cannot be taken back. */
      readonly irreversible?: string;
    }
  | {
      readonly type: 'plan-finished';
      readonly status: 'ok' | 'due' | 'failed';
      readonly seconds: number;
      readonly hosts: readonly PlannedHost[];
    }
  | { readonly type: 'one-off-settings'; readonly inventory: string; readonly settings: readonly OneOffSetting[] }
  | ({ readonly type: 'migration' } & Migration)
  | ({ readonly type: 'host-key' } & HostKeyChange)
  | ({ readonly type: 'network-change' } & NetworkChange)
  | { readonly type: 'warning'; readonly message: string; readonly host?: string }
  /** A person asked for an end: what that means for what goes on. */
  | { readonly type: 'stopping'; readonly message: string }
  | { readonly type: 'progress'; readonly stage: string; readonly task: string; readonly detail: string }
  /** A batch that failed: these of its hosts are as they were before it. */
  | {
      readonly type: 'taken-back';
      readonly stage: string;
      readonly hosts: readonly string[];
      /** The stages that did it. */
      readonly by: readonly string[];
    }
  | { readonly type: 'failure'; readonly host?: string; readonly stage?: string; readonly error: ProvisionError }
  | {
      readonly type: 'run-finished';
      /** `stopped`: as somebody asked, before its end. */
      readonly status: 'ok' | 'changed' | 'failed' | 'stopped';
      readonly seconds: number;
      readonly hosts: readonly HostSummary[];
    };

export type Emit = (event: RunEvent) => void;
