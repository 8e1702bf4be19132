import pLimit from 'p-limit';
import { ProvisionError } from '../errors.ts';
import type { JournalEntry } from '../journal/entry.ts';
import type { ClusterApi, ClusterSnapshot } from '../kubernetes/cluster/cluster.ts';
import { uncordon } from '../operations/cluster/uncordon.ts';
import { type Host, type HostTarget, openHost } from './host.ts';
import { Planner } from './planner.ts';
import { nodesEntry } from './recorded.ts';
import type { RunRequest, RunState } from './run-state.ts';
import { isClusterTask } from './stage.ts';
import { underLock } from './under-lock.ts';

/** Opens hosts and cluster; throws when the cluster is out of reach, or when no run can be right. */
export async function reach(
  request: RunRequest,
  hosts: Map<string, Host>,
  failed: Map<string, ProvisionError>,
  entries: readonly JournalEntry[] = [],
): Promise<RunState> {
  const limit = pLimit(request.concurrency);
  // all have ended before anything is thrown: a connection that comes about later would stay open
  const [cluster, connections] = await Promise.allSettled([
    openCluster(request),
    connectAll(request, hosts, failed, limit),
  ]);
  if (connections.status === 'rejected') throw connections.reason;
  if (cluster.status === 'rejected') throw cluster.reason;
  const { api, snapshot } = cluster.value;
  const reached = new Map(request.hosts.map(({ name }) => [name, hosts.get(name)] as const).filter(isReached));
  request.check([...reached.values()], snapshot);
  request.journal.record(nodesEntry([...reached.values()], snapshot));
  tellCordons(request, [...reached.values()], snapshot);
  return {
    request,
    api,
    entries,
    planner: new Planner({
      agentUnit: request.agentUnit,
      scope: (host, seen) => request.scope(host, seen, reached),
    }),
    hosts: reached,
    failed,
    limit,
    endings: [],
    podsAtFirst: await podsAtFirst(request, reached, api),
    snapshot,
    changed: false,
    isDue: false,
    foreseesObjects: false,
  };
}

/** Read only where a task compares with them. */
async function podsAtFirst(
  { stages }: RunRequest,
  hosts: ReadonlyMap<string, Host>,
  api: ClusterApi,
): Promise<RunState['podsAtFirst']> {
  const comparing = stages.filter(({ tasks }) =>
    tasks.some((task) => isClusterTask(task) && task.operation.comparesPods === 'run'),
  );
  const names = new Set(comparing.flatMap((stage) => stage.hosts));
  const nodes = [...names].flatMap((name) => hosts.get(name)?.nodeName ?? []);
  return nodes.length === 0 ? undefined : api.podsOn(nodes);
}

/** Says whose cordons are left that the run does not lift. */
function tellCordons({ stages, emit }: RunRequest, hosts: readonly Host[], { nodes }: ClusterSnapshot): void {
  const lifting = stages.filter(({ tasks }) => tasks.some(({ operation }) => operation.name === uncordon.name));
  const isLifted = (node: string): boolean =>
    hosts.some((host) => host.nodeName === node && lifting.some((stage) => stage.hosts.includes(host.name)));
  for (const { name, cordon } of nodes)
    if (cordon && !isLifted(name))
      emit({
        type: 'warning',
        message: `Node ${name} is still cordoned by run ${cordon.run}; provision resume or undo go on from there, provision unlock lifts it`,
      });
}

const isReached = (pair: readonly [string, Host | undefined]): pair is readonly [string, Host] => pair[1] !== undefined;

async function openCluster(request: RunRequest): Promise<{ api: ClusterApi; snapshot: ClusterSnapshot }> {
  const api = await request.openCluster();
  // what is seen before the lock is there may be the work of who held it
  await request.lock?.acquire(api.lock);
  return { api: underLock(api, request.lock), snapshot: await api.snapshot() };
}

/** Hosts outside --limit are asked only once a chosen one let us in: a wrong password is not tried on all of them. */
async function connectAll(
  request: RunRequest,
  hosts: Map<string, Host>,
  failed: Map<string, ProvisionError>,
  limit: RunState['limit'],
): Promise<void> {
  for (const outsideLimit of [false, true]) {
    const targets = request.hosts.filter((target) => target.outsideLimit === outsideLimit);
    if (outsideLimit && hosts.size === 0) return;
    const connections = await Promise.allSettled(
      targets.map((target) => limit(() => connect(target, request, hosts, failed))),
    );
    for (const one of connections) if (one.status === 'rejected') throw one.reason;
  }
}

async function connect(
  target: HostTarget,
  request: RunRequest,
  hosts: Map<string, Host>,
  failed: Map<string, ProvisionError>,
): Promise<void> {
  const { emit } = request;
  try {
    hosts.set(target.name, await openHost(leavable(target, request), request.id, request.facts));
    emit({ type: 'host-connected', host: target.name });
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    if (target.outsideLimit) {
      const reason = error.why === undefined ? '' : ` (${error.why})`;
      const message = `${error.what}${reason}: it is outside --limit and keeps the routes it has; run again without --limit when it is back`;
      emit({ type: 'warning', host: target.name, message });
      return;
    }
    failed.set(target.name, error);
    emit({ type: 'failure', host: target.name, error });
  }
}

/** The same host; where it cannot be reached, also later in the run, it is told how it is left out. */
const leavable = (target: HostTarget, { leavingOut }: Pick<RunRequest, 'leavingOut'>): HostTarget => ({
  ...target,
  connect: () =>
    target.connect().catch((error: unknown) => {
      throw leavingOut === undefined ? error : withWayOut(error, leavingOut([target.name]));
    }),
});

function withWayOut(error: unknown, way: string): unknown {
  if (!(error instanceof ProvisionError) || error.code !== 'HOST_UNREACHABLE') return error;
  const fix = `${(error.fix ?? '').replace(/\.$/, '')}; ${way} leaves it out.`;
  return error.with({ fix, cause: error });
}
