import pLimit from 'p-limit';
import { ProvisionError } from '../errors.ts';
import type { ClusterApi, ClusterSnapshot } from '../kubernetes/cluster.ts';
import { guard, reportFailures } from './guard.ts';
import { type Host, type HostTarget, openHost } from './host.ts';
import { Planner } from './planner.ts';
import { runStage } from './run-stage.ts';
import type { RunRequest, RunState } from './run-state.ts';
import { startTally } from './tally.ts';

export type RunStatus = 'ok' | 'changed' | 'failed';

/** Stages in order, hosts in parallel; every error ends as an event, and the status says whether there was one. */
export async function run(asked: RunRequest): Promise<RunStatus> {
  const tally = startTally(asked.emit);
  const request = { ...asked, emit: tally.emit };
  const names = request.hosts.filter((host) => !host.outsideLimit).map((host) => host.name);
  request.emit({ type: 'run-started', run: request.id, command: request.command, hosts: names });
  const failed = new Map<string, ProvisionError>();
  const hosts = new Map<string, Host>();
  let status: RunStatus;
  try {
    status = await runStages(await reach(request, hosts, failed));
  } catch (error) {
    reportFailures(error, request.emit, {});
    status = 'failed';
  } finally {
    for (const host of hosts.values()) host.transport.close();
  }
  const touched = request.hosts.filter((host) => names.includes(host.name) || tally.hasChanged(host.name));
  const rows = touched.map((host) => host.name);
  request.emit({ type: 'run-finished', status, ...tally.close(rows, hosts, failed) });
  return status;
}

/** Opens hosts and cluster; throws when the cluster is out of reach, or when no run can be right. */
async function reach(
  request: RunRequest,
  hosts: Map<string, Host>,
  failed: Map<string, ProvisionError>,
): Promise<RunState> {
  const limit = pLimit(request.concurrency);
  // all have ended before anything is thrown: a connection that comes about later would stay open
  const [cluster, ...connections] = await Promise.allSettled([
    openCluster(request),
    ...request.hosts.map((target) => limit(() => connect(target, request, hosts, failed))),
  ]);
  for (const one of connections) if (one.status === 'rejected') throw one.reason;
  if (cluster.status === 'rejected') throw cluster.reason;
  const { api, snapshot } = cluster.value;
  const reached = new Map(request.hosts.map(({ name }) => [name, hosts.get(name)] as const).filter(isReached));
  request.check([...reached.values()], snapshot);
  return { request, api, planner: new Planner(request), hosts: reached, failed, limit, snapshot, changed: false };
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
): Promise<void> {
  const { emit } = request;
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

async function runStages(state: RunState): Promise<RunStatus> {
  const { request, planner, failed, limit } = state;
  const hosts = [...state.hosts.values()];
  await Promise.all(
    hosts.map((host) =>
      limit(() => guard(host, undefined, state, () => planner.look(host, request.stages, state.snapshot))),
    ),
  );
  const looked = failed.size;
  // what forbids a change on one host is known, and stops the run, before anything is written on any
  for (const host of hosts.filter((one) => !failed.has(one.name))) {
    await guard(host, undefined, state, async () => planner.planAll(host, request.stages, state.snapshot));
  }
  if (failed.size > looked) return 'failed';
  for (const stage of request.stages) if ((await runStage(stage, state)) === 'failed') return 'failed';
  if (failed.size > 0) return 'failed';
  return state.changed ? 'changed' : 'ok';
}
