import { ProvisionError } from '../../errors.ts';

export interface HostIdentity {
  readonly host: string;
  /** `node_name` of the inventory. */
  readonly nodeName?: string;
  /** The kubelet's effective --hostname-override. */
  readonly hostnameOverride?: string;
  readonly hostname: string;
  /** Content of /etc/machine-id. */
  readonly machineId: string;
  readonly addresses: readonly string[];
  /** Its machine is another one than the Node's was: neither machine-id nor address tells who it is. */
  readonly rebuilt?: {
    /** The Node that an earlier run found it to be. */
    readonly wasNode?: string;
    /** The Node's kubelet can no longer run anywhere else. */
    readonly oldMachineIsOff: boolean;
  };
}

export interface NodeIdentity {
  readonly name: string;
  readonly machineId: string;
  readonly internalIps: readonly string[];
  readonly ready: boolean;
}

/** A fresh system has any hostname: of a rebuilt host what was known before counts, or its name in the inventory. */
export const expectedNodeName = ({ host, nodeName, hostnameOverride, hostname, rebuilt }: HostIdentity): string =>
  nodeName || (hostnameOverride || (rebuilt ? rebuilt.wasNode || host : hostname)).toLowerCase();

export interface NodeNames {
  /** The Node's name by host; a Node of that name need not exist yet. */
  readonly names: ReadonlyMap<string, string>;
  readonly errors: readonly ProvisionError[];
}

/** Which Node each host with a kubelet is, and every reason not to believe it. */
export function identifyNodes(hosts: readonly HostIdentity[], nodes: readonly NodeIdentity[]): NodeNames {
  const names = new Map(hosts.map((host) => [host.host, expectedNodeName(host)]));
  const twice = [...new Set(names.values())]
    .map((name) => ({ name, claims: hosts.filter((host) => names.get(host.host) === name) }))
    .filter(({ claims }) => claims.length > 1)
    .map(({ name, claims }) => claimedTwice(name, claims));
  const mismatches = hosts.flatMap((host) => checkNode(host, expectedNodeName(host), nodes));
  return { names, errors: [...twice, ...mismatches] };
}

/**
 * A host is believed when its machine-id or its address is the Node's: a rebuilt host has a new machine-id, a moved one
 * a new address. Cloned hosts share machine-ids, so an address that another Node has outweighs it.
 */
function checkNode(host: HostIdentity, name: string, nodes: readonly NodeIdentity[]): ProvisionError[] {
  const node = nodes.find((candidate) => candidate.name === name);
  const hasAddressOf = (candidate: NodeIdentity): boolean =>
    candidate.internalIps.some((address) => host.addresses.includes(address));
  const other = nodes.find((candidate) => candidate.name !== name && hasAddressOf(candidate));
  if (node && hasAddressOf(node)) return [];
  if (other) return [mismatch(host, name, `the Node ${other.name} has this host's address`)];
  if (!node || node.machineId === host.machineId) return [];
  if (host.rebuilt) return node.ready && !host.rebuilt.oldMachineIsOff ? [stillRuns(host, node)] : [];
  return [
    mismatch(
      host,
      name,
      `the Node has machine-id ${node.machineId} and ${node.internalIps.join(', ') || 'no address'}, the host ${host.machineId} and ${host.addresses.join(', ')}`,
    ),
  ];
}

const mismatch = (host: HostIdentity, name: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'NODE_MISMATCH',
    kind: 'cluster',
    what: `${host.host} does not seem to be the Node ${name}`,
    why,
    fix: `Set node_name of ${host.host} to its Node's name in the inventory, or correct its address`,
  });

const stillRuns = (host: HostIdentity, { name, internalIps }: NodeIdentity): ProvisionError =>
  new ProvisionError({
    code: 'NODE_STILL_RUNS',
    kind: 'cluster',
    what: `the Node ${name} is Ready at ${internalIps.join(', ')}, and ${host.host} is another machine`,
    why: 'two machines under one name would take the Node from each other, and its pods would run twice',
    fix: 'Switch the old machine off and wait until the Node is NotReady, some 40 seconds; or say that it is off: --old-machine-is-off.',
  });

const claimedTwice = (name: string, hosts: readonly HostIdentity[]): ProvisionError =>
  new ProvisionError({
    code: 'NODE_CLAIMED_TWICE',
    kind: 'cluster',
    what: `${hosts.map(({ host }) => host).join(' and ')} would all be the Node ${name}`,
    fix: 'Give each host a node_name of its own in the inventory, or correct the hostname or --hostname-override',
  });
