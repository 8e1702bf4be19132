import { isDeepStrictEqual } from 'node:util';
import type { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { mistake, valueAt } from './check.ts';
import { isAddressMistaken } from './cidr.ts';
import { checkDelivery } from './delivery-rules.ts';
import { groupsNeeded } from './group-names.ts';
import type { Host, Inventory } from './host.ts';
import { checkNetworkSettings } from './network-rules.ts';
import { checkPattern, selectHosts } from './select.ts';
import { clusterWideSettings } from './settings.ts';

/** What can be said of the hosts together without asking any of them. */
export function checkHosts(inventory: Inventory, all: Location): readonly ProvisionError[] {
  return [
    ...Object.entries(groupsNeeded).flatMap(([name, hosts]) => checkGroup(inventory, name, hosts, all)),
    ...inventory.hosts.flatMap(checkName),
    ...findDoubles(
      inventory.hosts,
      (host) => `${host.connection.address} port ${host.connection.port ?? 22}`,
      'have the address',
      'Give each its own ansible_host or ansible_port, or take one of them out.',
    ),
    ...findDoubles(
      inventory.hosts,
      (host) => host.nodeName,
      'are both said to be the Node',
      'Give each its own node_name, or take one of them out.',
    ),
    ...inventory.hosts.flatMap((host) => checkClusterWide(inventory, host)),
    ...checkNetworkSettings(inventory),
    ...checkDelivery(inventory),
    ...checkRoll(inventory),
    ...checkAuthority(inventory),
  ];
}

/** Stages for a group that has no hosts would be left out without a word. */
function checkGroup(inventory: Inventory, name: string, hosts: string, all: Location): readonly ProvisionError[] {
  if ((inventory.groups.get(name) ?? []).length > 0) return [];
  const what = inventory.groups.has(name) ? `The group "${name}" has no hosts` : `There is no group "${name}"`;
  return [mistake(what, all, `List ${hosts} under all: children: ${name}: hosts.`)];
}

/** A host without ansible_host is reached by its name. */
const checkName = ({ name, connection, location }: Host): readonly ProvisionError[] =>
  connection.address === name && isAddressMistaken(name)
    ? [mistake(`Not an IPv4 address: "${name}"`, location, 'Correct the address, or give the host an ansible_host.')]
    : [];

function checkAuthority(inventory: Inventory): readonly ProvisionError[] {
  const { host } = inventory.settings.identity.ca_on_host ?? {};
  if (host === undefined || inventory.hosts.some(({ name }) => name === host)) return [];
  const names = (inventory.groups.get('control_plane') ?? []).map((name) => `"${name}"`).join(', ');
  const where = inventory.locate(['identity', 'ca_on_host', 'host']);
  return [mistake(`There is no host "${host}"`, where, `Name the host that has the CA's key: ${names}.`)];
}

/** A canary that is not there would be no canary at all. */
function checkRoll(inventory: Inventory): readonly ProvisionError[] {
  const { canary = [], order } = inventory.settings.roll;
  const unknown = Object.entries({ canary, order }).flatMap(([key, patterns]) =>
    patterns.flatMap((pattern, index) => checkPattern(pattern, inventory, inventory.locate(['roll', key, index]))),
  );
  if (unknown.length > 0 || canary.length === 0) return unknown;
  const nodes = inventory.groups.get('nodes') ?? [];
  const control = inventory.groups.get('control_plane') ?? [];
  const canBe = (name: string): boolean => nodes.includes(name) && !control.includes(name);
  if (selectHosts(inventory, canary).some(({ name }) => canBe(name))) return [];
  return [
    mistake(
      `No canary: ${quoted(canary)} leaves no host that is in the group "nodes" and not in "control_plane"`,
      inventory.locate(['roll', 'canary']),
      'Name a node, or leave it out: then the first size of roll.batches is the first batch. Control-plane hosts always come one at a time.',
    ),
  ];
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

function findDoubles(
  hosts: readonly Host[],
  keyOf: (host: Host) => string | undefined,
  say: string,
  fix: string,
): readonly ProvisionError[] {
  const first = new Map<string, Host>();
  return hosts.flatMap((host) => {
    const key = keyOf(host);
    const other = key === undefined ? undefined : first.get(key);
    if (key !== undefined && !other) first.set(key, host);
    return other ? [mistake(`"${other.name}" and "${host.name}" ${say} ${key}`, host.location, fix)] : [];
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
    .filter((path) => !isDeepStrictEqual(valueAt(inventory.settings, path), valueAt(host.settings, path)))
    .map((path) =>
      mistake(
        `${path.join('.')} belongs to the whole cluster and cannot differ between hosts`,
        host.locate(path),
        'Write it once, under all: vars.',
      ),
    );
}
