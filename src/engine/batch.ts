import type { PodState } from '../kubernetes/cluster/cluster.ts';
import type { ClusterView, HostLook } from '../operations/cluster-operation.ts';
import type { Host } from './host.ts';
import type { PlannedTask } from './plan.ts';
import { differs, type HostPlan } from './planner.ts';
import { podsAround } from './pods-around.ts';
import type { RunState } from './run-state.ts';
import { isClusterTask, type Stage } from './stage.ts';

/** Hosts that go through a stage together. */
export interface Batch {
  readonly plans: readonly HostPlan[];
  /** The pods that were on those to be changed at the beginning, and others of their makers; kept where a task compares. */
  readonly podsBefore: readonly PodState[] | undefined;
}

/** A batch as it is before its first task. */
export async function openBatch(
  stage: Stage,
  plans: readonly HostPlan[],
  { api, podsAtFirst }: RunState,
): Promise<Batch> {
  const compares = stage.tasks.some((task) => isClusterTask(task) && task.operation.comparesPods === 'batch');
  const nodes = plans.filter(differs).flatMap(({ host }) => host.nodeName ?? []);
  return { plans, podsBefore: compares ? (nodes.length > 0 ? await podsAround(api, nodes) : []) : podsAtFirst };
}

/** What a task on the cluster sees of the hosts around those that it is for. */
export function surroundings(
  hosts: readonly Host[],
  stage: Stage,
  { plans, podsBefore }: Batch,
  state: RunState,
): Pick<ClusterView, 'hosts' | 'changing' | 'others' | 'leftOut' | 'podsBefore' | 'looks'> {
  const changing = plans.filter(differs).map(({ host }) => host);
  const batch = plans.map(({ host }) => host);
  return {
    hosts,
    changing: hosts.filter((host) => changing.includes(host)),
    others: [...state.hosts.values()].filter(
      (host) => stage.hosts.includes(host.name) && !batch.includes(host) && !state.failed.has(host.name),
    ),
    leftOut: stage.hosts.filter((name) => !state.hosts.has(name) && !state.failed.has(name)),
    ...(podsBefore && { podsBefore }),
    looks: new Map(plans.map(({ host, planned }) => [host.name, planned.map(lookOf)])),
  };
}

const lookOf = ({ task, actual }: PlannedTask): HostLook => ({
  operation: task.operation.name,
  desired: task.desired,
  actual,
});
