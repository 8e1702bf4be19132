import type { ClusterOperation, ClusterView } from '../operations/cluster-operation.ts';
import type { Host } from './host.ts';
import type { OwnImages, RunState } from './run-state.ts';

/** What an operation decides by besides the snapshot: the pods on the hosts, the rights of a token, an image at a registry. */
export async function readFurther(
  { readsPods, asksRights, asksRegistry }: ClusterOperation,
  desired: unknown,
  hosts: readonly Host[],
  { api, changed, isDue, foreseesObjects, request }: RunState,
): Promise<Pick<ClusterView, 'pods' | 'rights' | 'hasImage'>> {
  const isAsked = !foreseesObjects && (changed || isDue || request.verify);
  const question = isAsked ? asksRights?.(desired) : undefined;
  const image = asksRegistry?.(desired);
  return {
    ...(image !== undefined && { hasImage: await imagesOf(request).isPushed(image) }),
    ...(readsPods && { pods: await api.podsOn(hosts.flatMap((host) => host.nodeName ?? [])) }),
    ...(question && { rights: await api.rights(question) }),
  };
}

/** Throws where a run has been put together without them. */
export function imagesOf({ images }: Pick<RunState['request'], 'images'>): OwnImages {
  if (images === undefined) throw new TypeError('this run has made no image');
  return images;
}
