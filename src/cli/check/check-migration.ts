import type { Inventory } from '../../config/host.ts';
import { ProvisionError } from '../../errors.ts';

/** What an inventory says that a migration cannot bring about. */
export function checkMigration({
  settings,
  locate,
}: Pick<Inventory, 'settings' | 'locate'>): readonly ProvisionError[] {
  const { agent } = settings.network;
  if (agent === 'static-routes') return [];
  return [
    new ProvisionError({
      code: 'MIGRATION_AGENT',
      kind: 'config',
      what: `nodes cannot leave a flannel with etcd for network.agent ${agent} one after another`,
      where: locate(['network', 'agent']),
      why: 'Two flannels on one host take the device, the packet rules and /run/flannel/subnet.env from each other, and both have to run until the last node is through',
      fix: 'Say `agent: static-routes`, which goes beside it.',
    }),
  ];
}
