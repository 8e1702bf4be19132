import type { Inventory } from '../../config/host.ts';
import { selectHosts } from '../../config/select.ts';
import type { Rolling } from '../../engine/stage.ts';

/** How the inventory wants a live cluster to be gone through. */
export function rollingOf(inventory: Inventory, keepFailed: boolean): Omit<Rolling, 'allOrNone'> {
  const { batches, canary = [], order, max_unavailable } = inventory.settings.roll;
  const named = (patterns: readonly string[]) => selectHosts(inventory, patterns).map((host) => host.name);
  return {
    batches,
    canary: canary.length > 0 ? named(canary) : [],
    // those named earlier first, each once
    order: [...new Set(order.flatMap((pattern) => named([pattern])))],
    controlPlane: inventory.groups.get('control_plane') ?? [],
    maxUnavailable: max_unavailable,
    keepFailed,
  };
}
