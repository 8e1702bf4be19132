import { isDeepStrictEqual } from 'node:util';
import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import { type ProvisionError, ProvisionErrors } from '../../errors.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import { identifyNodes } from '../../kubernetes/cluster/identity.ts';
import { effectiveFlag } from '../../kubernetes/flags/flags.ts';
import { checkClusterRanges, checkHostNetwork } from '../../kubernetes/network/range-facts.ts';
import { checkRanges } from '../../kubernetes/network/ranges.ts';
import { routeProtocol } from '../../operations/network/static-routes-state.ts';
import type { RebuiltHost } from '../rebuild/rebuilt-host.ts';
import { checkPodNetwork, type Going, withPlace } from './check-network.ts';

/** What the inventory alone says wrong about addresses, with the place of the pod range, or of the mask. */
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
  const mask = inventory.locate(['cluster', 'node_cidr_mask_size']);
  const isMaskWritten = !isDeepStrictEqual(mask, inventory.locate(['cluster'], 'key'));
  return mistakes.map((mistake) =>
    withPlace(mistake, mistake.code === 'NODE_MASK_INVALID' && isMaskWritten ? mask : place),
  );
}

/** Settles which Node each host is; refuses what hosts and Nodes show to be impossible, before anything is touched. */
export function checkCluster(
  hosts: readonly Host[],
  seen: ClusterSnapshot,
  inventory: Inventory,
  { rebuilt, ...going }: Going & { readonly rebuilt?: RebuiltHost | undefined } = {},
): void {
  const mistaken = nameNodes(hosts, seen, inventory, rebuilt);
  const snapshot = rebuilt ? rebuilt.meet(hosts, inventory).expect(seen) : seen;
  const mistakes = [
    ...mistaken,
    ...checkNetworks(hosts, snapshot, inventory),
    ...checkPodNetwork(hosts, snapshot, inventory, going),
  ];
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
}

/** Of no account where ranges are in etcd: a migration that was taken back leaves it to the Node. */
const rangeOf = ({ name, podCidr }: ClusterSnapshot['nodes'][number]) => ({
  name,
  ...(podCidr && { podCIDR: podCidr }),
});

const addressesOf = (host: Host): string[] => host.facts.addresses.map(({ cidr }) => cidr.replace(/\/\d+$/, ''));

/** Settles which Node each host is; gives the reasons not to believe it. */
export function nameNodes(
  hosts: readonly Host[],
  snapshot: ClusterSnapshot,
  inventory: Inventory,
  rebuilt: Pick<RebuiltHost, 'host' | 'identity'> | undefined,
): readonly ProvisionError[] {
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
        ...(rebuilt?.host === host.name && { rebuilt: rebuilt.identity }),
        ...(override === undefined ? {} : { hostnameOverride: override }),
      };
    }),
    snapshot.nodes.map(({ name, machineId, addresses, ready }) => ({ name, machineId, internalIps: addresses, ready })),
  );
  for (const host of withKubelet) host.nodeName = names.get(host.name);
  return errors;
}

function checkNetworks(
  hosts: readonly Host[],
  snapshot: ClusterSnapshot,
  inventory: Inventory,
): readonly ProvisionError[] {
  const { cluster, network } = inventory.settings;
  const { pod_cidr: range, service_cidr } = cluster;
  const goesByEtcd = network.agent === 'flannel-etcd';
  // Docker's bridge is where pods are to be then
  const isPodBridge = (device = ''): boolean => device === 'docker0' && goesByEtcd;
  const peers = [...snapshot.nodes.flatMap((node) => node.addresses), ...hosts.flatMap(addressesOf)];
  // subnet.env is written anew by whichever agent runs; a net-conf.json would be read again by a flannel that starts
  const flannelNetwork = hosts
    .filter(({ facts }) => facts.network.foreignFlannels.length === 0)
    .flatMap((host) => host.facts.flannelNetworks.map((network) => ({ host: host.name, network })))
    .find(({ network }) => network !== range);
  return [
    ...checkClusterRanges(range, {
      nodes: goesByEtcd ? [] : snapshot.nodes.map(rangeOf),
      ...(flannelNetwork === undefined ? {} : { flannelNetwork }),
      ...(snapshot.serviceAddress && { services: { cidr: service_cidr, address: snapshot.serviceAddress } }),
    }).map((error) =>
      error.code === 'CLUSTER_RANGE_CHANGED' ? withPlace(error, inventory.locate(['cluster', 'pod_cidr'])) : error,
    ),
    ...hosts.flatMap((host) =>
      checkHostNetwork(
        range,
        {
          host: host.name,
          addresses: host.facts.addresses
            .filter(({ device }) => !isPodBridge(device))
            .map(({ device, cidr }) => ({ device, address: cidr })),
          routes: host.facts.routes.filter(({ device }) => !isPodBridge(device)),
        },
        { protocol: String(routeProtocol), peers },
      ),
    ),
  ];
}
