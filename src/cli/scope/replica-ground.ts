import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import { effectiveFlag, parseFlags } from '../../kubernetes/flags/flags.ts';
import { readBase } from '../../kubernetes/units/unit-command.ts';
import { dropInPath } from '../../operations/units/unit-flags-state.ts';
import type { OwnFiles } from './own-files.ts';

/** Another control-plane host whose controller-manager runs. */
export interface Peer {
  readonly name: string;
  /** Its command line without what provision adds. */
  readonly argv: readonly string[];
  /** Those that are its own alone. */
  readonly addresses: readonly string[];
  /** The files that its process was told of, by flag. */
  readonly files: ReadonlyMap<string, { readonly path: string; readonly sha256: string; readonly mode: string }>;
}

/** What a replica is made from: the host it is for, the others, and the operator's files for it. */
export interface ReplicaGround {
  readonly host: Host;
  readonly own: InventoryHost;
  readonly files: OwnFiles['files'];
  readonly peers: readonly Peer[];
}

export function replicaGround(
  host: Host,
  reached: readonly Host[],
  inventory: Inventory,
  files: ReadonlyMap<string, OwnFiles>,
): ReplicaGround {
  const own = inventory.hosts.find(({ name }) => name === host.name);
  if (own === undefined) throw new TypeError(`${host.name} is not in the inventory`);
  return { host, own, files: files.get(host.name)?.files ?? [], peers: findPeers(host, reached, inventory) };
}

/** The other control-plane hosts that were reached and whose controller-manager runs. */
function findPeers(host: Host, reached: readonly Host[], inventory: Inventory): readonly Peer[] {
  const others = inventory.groups.get('control_plane') ?? [];
  return reached
    .filter(({ name }) => name !== host.name && others.includes(name))
    .flatMap((one): Peer[] => {
      const unit = inventory.hosts.find(({ name }) => name === one.name)?.settings.controller_manager.unit ?? '';
      const { active = false, commandLine = [] } = one.facts.units.get(unit) ?? {};
      const manager = one.facts.managers.get(unit);
      if (!active || manager === undefined) return [];
      const files = parseFlags(commandLine).flatMap(({ name }) => {
        const path = effectiveFlag(commandLine, name) ?? '';
        const file = manager.files.get(path);
        return file ? [[name, { path, ...file }] as const] : [];
      });
      return [
        {
          name: one.name,
          argv: readBase({ ...manager.texts, path: dropInPath(unit) }).words.map(({ value }) => value),
          addresses: one.facts.addresses
            .filter(({ device }) => device !== 'lo')
            .map(({ cidr }) => cidr.replace(/\/\d+$/, '')),
          files: new Map(files),
        },
      ];
    });
}
