import type { Inventory } from '../../config/host.ts';
import { ProvisionError } from '../../errors.ts';
import type { Emit } from '../../events.ts';

/** Errors about a setting of a host get the place where it is written: in the inventory, or in a `--set`. */
export function withPlaces(inventory: Pick<Inventory, 'hosts'>, emit: Emit): Emit {
  return (event) => {
    if (event.type !== 'failure' || event.error.setting === undefined) return emit(event);
    const { code, kind, what, setting, why, fix } = event.error;
    const where = inventory.hosts.find(({ name }) => name === event.host)?.locate(setting, 'key');
    if (where === undefined) return emit(event);
    const rest = { ...(why !== undefined && { why }), ...(fix !== undefined && { fix }), cause: event.error };
    emit({ ...event, error: new ProvisionError({ code, kind, what, where, setting, ...rest }) });
  };
}
