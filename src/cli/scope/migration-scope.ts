import { z } from 'zod';
import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';

export const migrationVariables = z.object({
  is_on_docker0: z.boolean().describe('pods of this node are still on docker0'),
  purges: z.boolean().describe('this host removes what flannel has in etcd'),
});

/** What a migration is to do on a host. A node has left docker0 once its subnet.env is of the cluster's range. */
export function migrationScope(
  { name, facts }: Pick<Host, 'name' | 'facts'>,
  { groups, settings }: Pick<Inventory, 'groups' | 'settings'>,
  purge: boolean,
): z.output<typeof migrationVariables> {
  const nodes = groups.get('nodes') ?? [];
  return {
    is_on_docker0: nodes.includes(name) && !facts.agentNetworks.includes(settings.cluster.pod_cidr),
    // one is enough: they share their etcd
    purges: purge && nodes[0] === name,
  };
}
