import type { Inventory } from '../config/host.ts';
import type { Host } from '../engine/host.ts';
import type { ProvisionError } from '../errors.ts';
import type { ClusterSnapshot } from '../kubernetes/cluster.ts';

export const checkInventory = (_inventory: Inventory): readonly ProvisionError[] => [];

export function checkCluster(hosts: readonly Host[], snapshot: ClusterSnapshot, inventory: Inventory): void {
  for (const host of hosts) {
    if (inventory.groups.get('nodes')?.includes(host.name))
      host.nodeName = snapshot.nodes.find((node) => node.machineId === host.facts.machineId)?.name;
  }
}
