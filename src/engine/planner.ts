import type { ClusterSnapshot } from '../kubernetes/cluster.ts';
import type { ClusterOperation } from '../operations/cluster-operation.ts';
import type { Host } from './host.ts';
import { type HostTask, type PlannedTask, planTasks, probeItem, readProbe } from './plan.ts';
import { isClusterTask, type Scope, type Stage } from './stage.ts';

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

const key = (task: HostTask): string => JSON.stringify([task.operation.name, task.desired]);

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
      seen.set(key(task), readProbe(task, answers.get(`probe ${index}`), host.name));
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
          if (answer?.code === 0) this.#of(host).set(key(task), readProbe(task, answer, host.name));
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
        if (entry.kind === 'host' && !seen.has(key(entry.task))) wanted.set(key(entry.task), entry.task);
      }
    }
    return [...wanted.values()];
  }

  /** Plans host tasks that were looked at; throws what forbids a change. */
  plan(host: Host, entries: readonly Entry[]): PlannedTask[] {
    const seen = this.#seen.get(host.name);
    return planTasks(
      entries.flatMap((entry) =>
        entry.kind === 'host' ? [{ task: entry.task, actual: seen?.get(key(entry.task)) }] : [],
      ),
    );
  }

  /** Plans all stages of a host, so that what forbids a change is known before the first one. */
  planAll(host: Host, stages: readonly Stage[], snapshot: ClusterSnapshot): PlannedTask[] {
    const mine = stages.filter((stage) => this.takesPart(host, stage));
    return this.plan(
      host,
      mine.flatMap((stage) => this.entries(host, stage, snapshot)),
    );
  }

  /** What was seen of a host no longer holds. */
  forget(host: Host): void {
    this.#seen.delete(host.name);
  }
}
