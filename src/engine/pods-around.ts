import type { ClusterApi, PodState } from '../kubernetes/cluster/cluster.ts';
import { makerOf, staysOnNode } from '../kubernetes/cluster/pods.ts';

/** The pods on these nodes, and those that their makers have elsewhere. */
export async function podsAround(
  { podsOn, podsIn }: Pick<ClusterApi, 'podsOn' | 'podsIn'>,
  nodes: readonly string[],
): Promise<readonly PodState[]> {
  const here = await podsOn(nodes);
  const mayMove = here.filter((pod) => !staysOnNode(pod) && pod.owner !== undefined);
  const makers = new Set(mayMove.map(makerOf));
  const namespaces = [...new Set(mayMove.map(({ namespace }) => namespace))];
  const there = (await Promise.all(namespaces.map((namespace) => podsIn(namespace)))).flat();
  return [...here, ...there.filter((pod) => !nodes.includes(pod.node) && makers.has(makerOf(pod)))];
}
