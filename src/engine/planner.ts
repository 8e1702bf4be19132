import type { ClusterSnapshot } from '../kubernetes/cluster/cluster.ts';
import type { ClusterOperation } from '../operations/cluster-operation.ts';
import type { Host } from './host.ts';
import { type HostTask, type PlannedTask, planTasks, probeItem, readProbe, taskKey } from './plan.ts';
import { afterInstallation, isClusterTask, type Scope, type Stage } from './stage.ts';

/** One task of a stage on one host, resolved. */
export type Entry = {
  /** Which task of the stage it comes from; a loop makes several of one. */
  readonly position: number;
} & EntryKind;

type EntryKind =
  | { readonly kind: 'host'; readonly task: HostTask }
  | { readonly kind: 'cluster'; readonly name: string; readonly operation: ClusterOperation; readonly desired: unknown }
  | { readonly kind: 'unknown'; readonly name: string; readonly until: string }
  | { readonly kind: 'skipped'; readonly name: string; readonly because: string };

/** What a stage means for one host. */
export interface HostPlan {
  readonly host: Host;
  readonly entries: readonly Entry[];
  readonly planned: readonly PlannedTask[];
}

export interface StagePlan extends HostPlan {
  readonly stage: Stage;
}

/** Whether the host is to be changed, as far as that is known yet. */
export const differs = (plan: HostPlan): boolean =>
  plan.planned.some((task) => task.changes.length > 0) || plan.entries.some((entry) => entry.kind === 'unknown');

const isPlanned = ({ until }: PlannedTask): boolean => until === undefined;

/** A task of which it cannot be told yet what it would do. */
function withUntil(entry: Entry, planned: readonly PlannedTask[]): Entry {
  if (entry.kind !== 'host') return entry;
  const { until } = planned.find(({ task }) => task === entry.task) ?? {};
  return until === undefined ? entry : { position: entry.position, kind: 'unknown', name: entry.task.name, until };
}

export interface PlannerOptions {
  /** The unit of the network agent on the hosts. */
  readonly agentUnit: string;
  scope(host: Host, snapshot: ClusterSnapshot): Scope;
}

/** Turns stages into plans: resolves values, looks at hosts, and remembers what was seen until a host changes. */
export class Planner {
  readonly #scope: PlannerOptions['scope'];
  readonly #agentUnit: string;
  readonly #seen = new Map<string, Map<string, unknown>>();

  constructor(options: PlannerOptions) {
    this.#scope = options.scope;
    this.#agentUnit = options.agentUnit;
  }

  /** Whether a stage has a task for this host whose conditions hold. */
  hasTasks(host: Host, stage: Stage, snapshot: ClusterSnapshot): boolean {
    return this.takesPart(host, stage) && this.entries(host, stage, snapshot).some((entry) => entry.kind !== 'skipped');
  }

  /** Whether a stage is for this host. */
  takesPart(host: Host, stage: Stage): boolean {
    if (!stage.hosts.includes(host.name)) return false;
    return !host.outsideLimit || (stage.beyondLimit && host.facts.units.get(this.#agentUnit)?.loaded === true);
  }

  entries(host: Host, stage: Stage, snapshot: ClusterSnapshot): Entry[] {
    const scope = this.#scope(host, snapshot);
    return stage.tasks.flatMap((task, position) =>
      task.resolve(scope).map((resolution): Entry => {
        if (resolution.status === 'unknown')
          return { position, kind: 'unknown', name: resolution.task, until: resolution.until };
        if (resolution.status === 'skipped')
          return { position, kind: 'skipped', name: resolution.task, because: resolution.because };
        if (isClusterTask(task)) {
          return {
            position,
            kind: 'cluster',
            name: resolution.task,
            operation: task.operation,
            desired: resolution.desired,
          };
        }
        const operation = task.operation as HostTask['operation'];
        return { position, kind: 'host', task: { name: resolution.task, operation, desired: resolution.desired } };
      }),
    );
  }

  /** Looks at everything of these stages that was not seen yet, in at most one command. */
  async look(host: Host, stages: readonly Stage[], snapshot: ClusterSnapshot): Promise<void> {
    const seen = this.#of(host);
    const tasks = this.#unseen(host, stages, snapshot);
    if (tasks.length === 0) return;
    const answers = await host.trip({ items: tasks.map((task, index) => probeItem(task, `probe ${index}`)) });
    tasks.forEach((task, index) => {
      seen.set(taskKey(task), readProbe(task, answers.get(`probe ${index}`), host.name));
    });
  }

  /** The same host, whose trips look ahead: also at what these stages want of it, so that they need no command for that. */
  lookingAhead(host: Host, stages: readonly Stage[], snapshot: ClusterSnapshot): Host {
    const tasks = this.#unseen(host, stages, snapshot);
    const ahead = tasks.map((task, index) => probeItem(task, `ahead ${index}`));
    return {
      ...host,
      trip: async (request) => {
        const answers = await host.trip({ ...request, items: [...request.items, ...ahead] });
        tasks.forEach((task, index) => {
          const answer = answers.get(`ahead ${index}`);
          // one that failed is looked at again, and told of, when its stage is reached
          if (answer?.code === 0) this.#of(host).set(taskKey(task), readProbe(task, answer, host.name));
        });
        return answers;
      },
    };
  }

  #of(host: Host): Map<string, unknown> {
    const seen = this.#seen.get(host.name) ?? new Map<string, unknown>();
    this.#seen.set(host.name, seen);
    return seen;
  }

  #unseen(host: Host, stages: readonly Stage[], snapshot: ClusterSnapshot): HostTask[] {
    const seen = this.#of(host);
    const wanted = new Map<string, HostTask>();
    for (const stage of stages.filter((one) => this.takesPart(host, one))) {
      for (const entry of this.entries(host, stage, snapshot)) {
        if (entry.kind === 'host' && !seen.has(taskKey(entry.task))) wanted.set(taskKey(entry.task), entry.task);
      }
    }
    return [...wanted.values()];
  }

  /** Plans host tasks that were looked at; throws what forbids a change. */
  plan(host: Host, entries: readonly Entry[]): PlannedTask[] {
    const seen = this.#seen.get(host.name);
    const first = entries.findIndex((entry) => entry.kind === 'unknown' && entry.until === afterInstallation);
    return planTasks(
      entries.flatMap((entry, index) => {
        if (entry.kind !== 'host') return [];
        const until = first >= 0 && index > first ? afterInstallation : undefined;
        return [{ task: entry.task, actual: seen?.get(taskKey(entry.task)), until }];
      }),
    );
  }

  /** Plans all stages of a host at once, so that what forbids a change is known before the first one. */
  planAll(host: Host, stages: readonly Stage[], snapshot: ClusterSnapshot): StagePlan[] {
    const mine = stages
      .filter((stage) => this.hasTasks(host, stage, snapshot))
      .map((stage) => ({ stage, host, entries: this.entries(host, stage, snapshot) }));
    const planned = this.plan(
      host,
      mine.flatMap(({ entries }) => entries),
    );
    return mine.map((one) => {
      const own = planned.splice(0, one.entries.filter(({ kind }) => kind === 'host').length);
      return { ...one, entries: one.entries.map((entry) => withUntil(entry, own)), planned: own.filter(isPlanned) };
    });
  }

  /** What was seen of a host no longer holds. */
  forget(host: Host): void {
    this.#seen.delete(host.name);
  }
}
