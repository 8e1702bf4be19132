import type { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { mistake, valueAt } from './check.ts';
import type { Host, Inventory } from './host.ts';
import { clusterWideSettings } from './settings.ts';

/** What can be said of the hosts together without asking any of them. */
export function checkHosts(inventory: Inventory, all: Location): readonly ProvisionError[] {
  return [
    ...checkNodes(inventory, all),
    ...findDoubles(
      inventory.hosts,
      (host) => `${host.connection.address} port ${host.connection.port}`,
      'have the address',
    ),
    ...findDoubles(inventory.hosts, (host) => host.nodeName, 'are both said to be the Node'),
    ...inventory.hosts.flatMap((host) => checkClusterWide(inventory, host)),
  ];
}

function checkNodes(inventory: Inventory, all: Location): readonly ProvisionError[] {
  if ((inventory.groups.get('nodes') ?? []).length > 0) return [];
  const what = inventory.groups.has('nodes') ? 'The group "nodes" has no hosts' : 'There is no group "nodes"';
  return [mistake(what, all, 'List the hosts that run a kubelet under all: children: nodes: hosts.')];
}

function findDoubles(
  hosts: readonly Host[],
  keyOf: (host: Host) => string | undefined,
  say: string,
): readonly ProvisionError[] {
  const first = new Map<string, Host>();
  return hosts.flatMap((host) => {
    const key = keyOf(host);
    const other = key === undefined ? undefined : first.get(key);
    if (key !== undefined && !other) first.set(key, host);
    return other ? [mistake(`"${other.name}" and "${host.name}" ${say} ${key}`, host.location)] : [];
  });
}

function checkClusterWide(inventory: Inventory, host: Host): readonly ProvisionError[] {
  const leaves = clusterWideSettings.flatMap((path) => {
    const value = valueAt(inventory.settings, path);
    return typeof value === 'object' && value !== null
      ? [...new Set([...Object.keys(value), ...Object.keys(Object(valueAt(host.settings, path)))])].map((key) => [
          ...path,
          key,
        ])
      : [path];
  });
  return leaves
    .filter((path) => valueAt(inventory.settings, path) !== valueAt(host.settings, path))
    .map((path) =>
      mistake(
        `${path.join('.')} belongs to the whole cluster and cannot differ between hosts`,
        host.locate(path),
        'Write it once, under all: vars.',
      ),
    );
}
