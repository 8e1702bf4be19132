import pLimit from 'p-limit';
import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Emit, HostSummary } from '../events.ts';
import type { ClusterApi, ClusterSnapshot } from '../kubernetes/cluster.ts';
import { type Host, type HostTarget, openHost } from './host.ts';
import { Planner } from './planner.ts';
import { runStage } from './run-stage.ts';
import type { RunRequest, RunState } from './run-state.ts';

export type RunStatus = 'ok' | 'changed' | 'failed';

/** Stages in order, hosts in parallel; every error ends as an event, and the status says whether there was one. */
export async function run(request: RunRequest): Promise<RunStatus> {
  const startedAt = performance.now();
  const tally = tallyEvents(request.emit);
  const emit = tally.emit;
  emit({ type: 'run-started', run: request.id, command: request.command, hosts: request.hosts.map((h) => h.name) });
  const failed = new Map<string, ProvisionError>();
  const hosts = new Map<string, Host>();
  let broken = false;
  let state: RunState | undefined;
  try {
    const limit = pLimit(request.concurrency);
    // all have ended before anything is thrown: a connection that comes about later would stay open
    const [cluster, ...connections] = await Promise.allSettled([
      openCluster(request),
      ...request.hosts.map((target) => limit(() => connect(target, request, hosts, failed, emit))),
    ]);
    for (const one of connections) if (one.status === 'rejected') throw one.reason;
    if (cluster.status === 'rejected') throw cluster.reason;
    const { api, snapshot } = cluster.value;
    const planner = new Planner(request);
    const reached = new Map(request.hosts.map(({ name }) => [name, hosts.get(name)] as const).filter(isReached));
    state = { request: { ...request, emit }, api, planner, hosts: reached, failed, limit, snapshot, changed: false };
    request.check([...hosts.values()], snapshot);
    await Promise.all(
      [...hosts.values()].map((host) => limit(() => look(host, request, planner, snapshot, failed, emit))),
    );
    for (const host of hosts.values()) if (!failed.has(host.name)) planner.planAll(host, request.stages, snapshot);
    for (const stage of request.stages) {
      if ((await runStage(stage, state)) === 'failed') {
        broken = true;
        break;
      }
    }
  } catch (error) {
    broken = true;
    for (const one of error instanceof ProvisionErrors ? error.errors : [error]) {
      if (!(one instanceof ProvisionError)) throw one;
      emit({ type: 'failure', error: one });
    }
  } finally {
    for (const host of hosts.values()) host.transport.close();
  }
  const status = broken || failed.size > 0 ? 'failed' : state?.changed ? 'changed' : 'ok';
  const seconds = (performance.now() - startedAt) / 1000;
  emit({
    type: 'run-finished',
    status,
    seconds,
    hosts: request.hosts.map((h) => tally.summary(h.name, hosts, failed, seconds)),
  });
  return status;
}

const isReached = (pair: readonly [string, Host | undefined]): pair is readonly [string, Host] => pair[1] !== undefined;

async function openCluster(request: RunRequest): Promise<{ api: ClusterApi; snapshot: ClusterSnapshot }> {
  const api = await request.openCluster();
  return { api, snapshot: await api.snapshot() };
}

async function connect(
  target: HostTarget,
  request: RunRequest,
  hosts: Map<string, Host>,
  failed: Map<string, ProvisionError>,
  emit: Emit,
): Promise<void> {
  try {
    hosts.set(target.name, await openHost(target, request.id, request.units));
    emit({ type: 'host-connected', host: target.name });
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    if (target.outsideLimit) {
      const message = `${error.what}: it is outside --limit and keeps the routes it has; run again without --limit when it is back`;
      emit({ type: 'warning', host: target.name, message });
      return;
    }
    failed.set(target.name, error);
    emit({ type: 'failure', host: target.name, error });
  }
}

/** The second command; a host that cannot be looked at fails alone. */
async function look(
  host: Host,
  request: RunRequest,
  planner: Planner,
  snapshot: ClusterSnapshot,
  failed: Map<string, ProvisionError>,
  emit: Emit,
): Promise<void> {
  try {
    await planner.look(host, request.stages, snapshot);
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    failed.set(host.name, error);
    emit({ type: 'failure', host: host.name, error });
  }
}

/** Counts what each host did, for the closing table. */
function tallyEvents(emit: Emit) {
  const counts = new Map<string, { changed: number; ok: number; failed: number }>();
  const of = (host: string) => {
    const found = counts.get(host) ?? { changed: 0, ok: 0, failed: 0 };
    counts.set(host, found);
    return found;
  };
  return {
    emit: ((event) => {
      if (event.type === 'task-finished' && event.status !== 'skipped') of(event.host)[event.status] += 1;
      if (event.type === 'failure' && event.host !== undefined) of(event.host).failed += 1;
      emit(event);
    }) satisfies Emit,
    summary(
      name: string,
      hosts: ReadonlyMap<string, Host>,
      failures: ReadonlyMap<string, ProvisionError>,
      seconds: number,
    ): HostSummary {
      const carried = hosts.get(name)?.transport.counts ?? { commands: 0, uploads: 0 };
      const { changed, ok, failed } = of(name);
      return { host: name, changed, ok, failed: Math.max(failed, failures.has(name) ? 1 : 0), seconds, ...carried };
    },
  };
}
