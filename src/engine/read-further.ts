import type { ClusterOperation, ClusterView } from '../operations/cluster-operation.ts';
import type { Host } from './host.ts';
import type { RunState } from './run-state.ts';

/** What an operation decides by besides the snapshot: the pods on the hosts, the rights of a token. */
export async function readFurther(
  { readsPods, asksRights }: ClusterOperation,
  desired: unknown,
  hosts: readonly Host[],
  { api, changed, isDue, foreseesObjects, request }: RunState,
): Promise<Pick<ClusterView, 'pods' | 'rights'>> {
  const isAsked = !foreseesObjects && (changed || isDue || request.verify);
  const question = isAsked ? asksRights?.(desired) : undefined;
  return {
    ...(readsPods && { pods: await api.podsOn(hosts.flatMap((host) => host.nodeName ?? [])) }),
    ...(question && { rights: await api.rights(question) }),
  };
}
