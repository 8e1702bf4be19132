import type { Inventory, Host as InventoryHost } from '../config/host.ts';
import type { Host } from '../engine/host.ts';
import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { ClusterSnapshot } from '../kubernetes/cluster.ts';
import { effectiveFlag } from '../kubernetes/flags.ts';
import { identifyNodes } from '../kubernetes/identity.ts';
import { checkClusterRanges, checkHostNetwork } from '../kubernetes/range-facts.ts';
import { checkRanges } from '../kubernetes/ranges.ts';
import type { Location } from '../location.ts';
import { agentUnit, routeProtocol } from '../operations/static-routes-state.ts';

/** What the inventory alone says wrong about addresses, with the place of the pod range. */
export function checkInventory(inventory: Inventory): readonly ProvisionError[] {
  const { cluster } = inventory.settings;
  const place = inventory.locate(['cluster', 'pod_cidr']);
  const mistakes = checkRanges({
    clusterCidr: cluster.pod_cidr,
    serviceCidr: cluster.service_cidr,
    nodeMaskSize: cluster.node_cidr_mask_size,
    hosts: inventory.hosts.map(({ name, connection }) => ({ name, address: connection.address })),
    nodeCount: inventory.groups.get('nodes')?.length ?? 0,
  });
  return [...mistakes.map((mistake) => locate(mistake, place)), ...inventory.hosts.flatMap(checkLogin)];
}

/** Hosts are reached as root with a key; sudo and passwords are refused rather than passed over in silence. */
function checkLogin({ name, connection, location }: InventoryHost): readonly ProvisionError[] {
  const { user, become, password, becomePassword } = connection;
  const asked = [
    ...(user === 'root' ? [] : [`ansible_user: ${user}`]),
    ...(become ? ['ansible_become'] : []),
    ...(password === undefined ? [] : ['ansible_password']),
    ...(becomePassword === undefined ? [] : ['ansible_become_password']),
  ];
  if (asked.length === 0) return [];
  return [
    new ProvisionError({
      code: 'LOGIN_UNSUPPORTED',
      kind: 'config',
      what: `${name} asks for a login that is not supported: ${asked.join(', ')}`,
      where: location,
      fix: 'Log in as root with a key: ansible_user: root and ansible_ssh_private_key_file.',
    }),
  ];
}

const locate = (error: ProvisionError, where: Location): ProvisionError =>
  new ProvisionError({
    code: error.code,
    kind: error.kind,
    what: error.what,
    where: error.where ?? where,
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(error.fix === undefined ? {} : { fix: error.fix }),
  });

/** Settles which Node each host is; refuses what hosts and Nodes show to be impossible, before anything is touched. */
export function checkCluster(hosts: readonly Host[], snapshot: ClusterSnapshot, inventory: Inventory): void {
  const mistakes = [...nameNodes(hosts, snapshot, inventory), ...checkNetworks(hosts, snapshot, inventory)];
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
}

const addressesOf = (host: Host): string[] => host.facts.addresses.map(({ cidr }) => cidr.replace(/\/\d+$/, ''));

function nameNodes(hosts: readonly Host[], snapshot: ClusterSnapshot, inventory: Inventory): readonly ProvisionError[] {
  const settings = new Map(inventory.hosts.map((host) => [host.name, host]));
  const withKubelet = hosts.filter((host) => inventory.groups.get('nodes')?.includes(host.name));
  const { names, errors } = identifyNodes(
    withKubelet.map((host) => {
      const own = settings.get(host.name);
      const kubelet = host.facts.units.get(own?.settings.kubelet.unit ?? '');
      const override = effectiveFlag(kubelet?.commandLine ?? [], 'hostname-override');
      return {
        host: host.name,
        hostname: host.facts.hostname,
        machineId: host.facts.machineId,
        addresses: addressesOf(host),
        ...(own?.nodeName === undefined ? {} : { nodeName: own.nodeName }),
        ...(override === undefined ? {} : { hostnameOverride: override }),
      };
    }),
    snapshot.nodes.map(({ name, machineId, addresses }) => ({ name, machineId, internalIps: addresses })),
  );
  for (const host of withKubelet) host.nodeName = names.get(host.name);
  return errors;
}

function checkNetworks(
  hosts: readonly Host[],
  snapshot: ClusterSnapshot,
  inventory: Inventory,
): readonly ProvisionError[] {
  const { pod_cidr: range, service_cidr } = inventory.settings.cluster;
  const peers = [...snapshot.nodes.flatMap((node) => node.addresses), ...hosts.flatMap(addressesOf)];
  const flannelNetwork = hosts
    .flatMap(({ facts }) => [
      ...facts.flannelNetworks,
      // with our own agent there, it is ours and follows the range
      ...(facts.units.get(agentUnit)?.loaded ? [] : facts.agentNetworks),
    ])
    .find((network) => network !== range);
  return [
    ...checkClusterRanges(range, {
      nodes: snapshot.nodes.map(({ name, podCidr }) => ({ name, ...(podCidr && { podCIDR: podCidr }) })),
      ...(flannelNetwork === undefined ? {} : { flannelNetwork }),
      ...(snapshot.serviceAddress && { services: { cidr: service_cidr, address: snapshot.serviceAddress } }),
    }),
    ...hosts.flatMap((host) =>
      checkHostNetwork(
        range,
        {
          host: host.name,
          addresses: host.facts.addresses.map(({ device, cidr }) => ({ device, address: cidr })),
          routes: host.facts.routes,
        },
        { protocol: String(routeProtocol), peers },
      ),
    ),
  ];
}
