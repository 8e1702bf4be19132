import { ProvisionError } from '../../errors.ts';
import { type Cidr, containsAddress, containsCidr, networkOf, overlaps, parseCidr, tryParseCidr } from './cidr.ts';

export interface HostNetwork {
  readonly host: string;
  /** Addresses of interfaces, as 10.0.0.1/24. */
  readonly addresses: readonly { readonly device: string; readonly address: string }[];
  /** Of the main table; `protocol` as iproute2 prints it, a name or a number. */
  readonly routes: readonly {
    readonly destination: string;
    readonly device?: string;
    readonly gateway?: string;
    readonly protocol?: string;
  }[];
}

export interface OwnRoutes {
  /** The protocol number our own routes carry. */
  readonly protocol: string;
  /** Addresses of the other hosts: a route into the pod range through one of them is a pod route, whoever made it. */
  readonly peers: readonly string[];
}

const podDevices = /^(cni0|flannel[.\w-]*|prov-vxlan|veth\w*)$/;

/** What of a host's own network lies in the way of the pod range. */
export function checkHostNetwork(clusterCidr: string, network: HostNetwork, own: OwnRoutes): ProvisionError[] {
  const pods = parseCidr(clusterCidr);
  const inTheWay = (range: Cidr | undefined): boolean =>
    range !== undefined && range.prefixLength > 0 && overlaps(pods, range);
  const addresses = network.addresses
    .filter(({ device, address }) => !podDevices.test(device) && inTheWay(networkOf(address)))
    .map(({ device, address }) =>
      device === 'docker0'
        ? dockerInside(network.host, address, pods)
        : inside(network.host, `${device} has ${address}`, pods),
    );
  const explained = new Set(
    [...network.addresses.filter(({ address }) => inTheWay(networkOf(address)))].map((one) => one.device),
  );
  const routes = network.routes
    .filter(({ destination, device = '', gateway, protocol }) => {
      if (podDevices.test(device) || explained.has(device) || protocol === own.protocol) return false;
      const range = networkOf(destination);
      if (range && containsCidr(pods, range) && gateway !== undefined && own.peers.includes(gateway)) return false;
      return inTheWay(range);
    })
    .map(({ destination, device }) => inside(network.host, `a route to ${destination} over ${device ?? '?'}`, pods));
  return [...addresses, ...routes];
}

const dockerInside = (host: string, address: string, pods: Cidr): ProvisionError =>
  new ProvisionError({
    code: 'DOCKER_INSIDE_RANGE',
    kind: 'operation',
    what: `${host}: docker0 (${address}) overlaps the pod range ${pods.text}`,
    fix: 'Set another "bip" in /etc/docker/daemon.json and restart Docker, or choose another pod range',
  });

const inside = (host: string, found: string, pods: Cidr): ProvisionError =>
  new ProvisionError({
    code: 'HOST_NETWORK_OVERLAPS',
    kind: 'operation',
    what: `${host}: ${found} overlaps the pod range ${pods.text}`,
    why: 'Pods with those addresses could not be reached from this host',
    fix: 'Choose a pod range that no network of the hosts uses, or remove what is left over from an earlier one',
  });

export interface ClusterRanges {
  readonly nodes: readonly { readonly name: string; readonly podCIDR?: string }[];
  /** `Network` of a host's /etc/kube-flannel/net-conf.json. */
  readonly flannelNetwork?: { readonly host: string; readonly network: string };
  /** The service range as the inventory has it, and an address that the API server took from its own. */
  readonly services?: { readonly cidr: string; readonly address: string };
}

/** What the cluster already goes by that does not agree with the pod range. */
export function checkClusterRanges(clusterCidr: string, cluster: ClusterRanges): ProvisionError[] {
  const pods = parseCidr(clusterCidr);
  return [
    ...checkNodeRanges(pods, cluster.nodes),
    ...checkAgreement(pods, cluster.flannelNetwork),
    ...checkServices(cluster.services),
  ];
}

function checkServices(services: ClusterRanges['services']): ProvisionError[] {
  if (!services || containsAddress(parseCidr(services.cidr), services.address)) return [];
  return [
    new ProvisionError({
      code: 'SERVICE_RANGE_DIFFERS',
      kind: 'cluster',
      what: `The service range is said to be ${services.cidr}, but the Service default/kubernetes has ${services.address}`,
      why: 'A pod range may only be checked against the range the API server really uses',
      fix: "Set cluster.service_cidr to the API server's --service-cluster-ip-range",
    }),
  ];
}

function checkNodeRanges(pods: Cidr, nodes: ClusterRanges['nodes']): ProvisionError[] {
  const ranges = nodes.flatMap(({ name, podCIDR }) => {
    const range = podCIDR ? tryParseCidr(podCIDR) : undefined;
    return range ? [{ name, range }] : [];
  });
  const outside = ranges.filter(({ range }) => !containsCidr(pods, range));
  const changed = outside.length === 0 ? [] : [rangeChanged(pods, outside)];
  const shared = ranges.flatMap((one, index) =>
    ranges
      .slice(index + 1)
      .filter((other) => overlaps(one.range, other.range))
      .map((other) => rangeShared(one, other)),
  );
  return [...changed, ...shared];
}

interface NodeRange {
  readonly name: string;
  readonly range: Cidr;
}

const rangeChanged = (pods: Cidr, outside: readonly NodeRange[]): ProvisionError =>
  new ProvisionError({
    code: 'CLUSTER_RANGE_CHANGED',
    kind: 'cluster',
    what: `The pod range is to be ${pods.text}, but Nodes have ranges outside it: ${outside.map(({ name, range }) => `${name} ${range.text}`).join(', ')}`,
    why: 'podCIDR cannot be changed on a Node, and the controller-manager exits at start when one lies outside --cluster-cidr',
    fix: 'Set the range back to the one that the Nodes have their podCIDRs from. No command gives a cluster another one (`migrate` leads pods from docker0 to the pod network, and nowhere else): it takes Nodes made anew, each drained, deleted and registered again, and all of them gone before a controller-manager starts with it',
  });

const rangeShared = (one: NodeRange, other: NodeRange): ProvisionError =>
  new ProvisionError({
    code: 'NODE_RANGES_OVERLAP',
    kind: 'cluster',
    what: `The Nodes ${one.name} (${one.range.text}) and ${other.name} (${other.range.text}) share pod addresses`,
    why: 'A Node made by hand keeps its podCIDR even when another one has it',
    fix: 'Drain and delete one of the two Nodes and restart its kubelet, so that it gets a range of its own',
  });

function checkAgreement(pods: Cidr, flannel: ClusterRanges['flannelNetwork']): ProvisionError[] {
  if (flannel === undefined || flannel.network === pods.text) return [];
  return [
    new ProvisionError({
      code: 'RANGES_DISAGREE',
      kind: 'cluster',
      what: `${flannel.host}: Network in /etc/kube-flannel/net-conf.json is ${flannel.network}, the cluster's pod range is ${pods.text}`,
      why: 'A flannel that reads it would masquerade or drop packets between pods on different nodes',
      fix: `Remove the file if no flannel reads it any more; else set Network to ${pods.text} there`,
    }),
  ];
}
