import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import type { HostTarget } from '../../engine/host.ts';
import { type NewMachine, openConnectors } from '../login/connect-host.ts';
import { writeTrip } from '../terminal/debug.ts';

interface ReachOptions {
  readonly acceptNewHostKeys: boolean;
  /** Tell every command on standard error. */
  readonly debug?: boolean;
}

/** Hosts as the engine reaches them. Throws ProvisionErrors. */
export async function toTargets(
  hosts: readonly InventoryHost[],
  chosen: readonly InventoryHost[],
  inventory: Inventory,
  options: ReachOptions,
  newMachine?: NewMachine,
): Promise<readonly HostTarget[]> {
  const connectorOf = await openConnectors(hosts, inventory, options.acceptNewHostKeys, newMachine);
  return hosts.map((host) => {
    const outsideLimit = !chosen.includes(host);
    return {
      name: host.name,
      address: host.connection.address,
      outsideLimit,
      connect: connectorOf(host, outsideLimit ? 4_000 : 10_000),
      ...(options.debug ? { onTrip: writeTrip } : {}),
    };
  });
}
