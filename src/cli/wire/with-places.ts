import type { Inventory } from '../../config/host.ts';
import type { Emit } from '../../events.ts';

/** Errors about a setting of a host get the place where it is written: in the inventory, or in a `--set`. */
export function withPlaces(inventory: Pick<Inventory, 'hosts'>, emit: Emit): Emit {
  return (event) => {
    if (event.type !== 'failure' || event.error.setting === undefined) return emit(event);
    const { setting } = event.error;
    const where = inventory.hosts.find(({ name }) => name === event.host)?.locate(setting, 'key');
    if (where === undefined) return emit(event);
    emit({ ...event, error: event.error.with({ where, cause: event.error }) });
  };
}
