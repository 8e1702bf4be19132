import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { isFlannel, networkAgents } from '../../kubernetes/network/agents.ts';
import { containsAddress, firstAddress, parseCidr } from '../../kubernetes/network/cidr.ts';
import { joinScripts, sh } from '../../shell.ts';
import { ipv4Network, readField, readLines } from '../fields.ts';
import { flanneldProcesses } from '../flannel/flanneld-processes.ts';
import { defineOperation } from '../operation.ts';
import { agentDevices } from './agent-devices.ts';

const schema = z.strictObject({
  agent: z.enum(networkAgents).describe('the network agent this host is to have'),
  backend: z.enum(['host-gw', 'vxlan']).describe('how it carries packets'),
  vni: z.int().default(1).describe('the number of its VXLAN network'),
  cluster_cidr: ipv4Network.describe('the range of all pods'),
  subnet: ipv4Network.nullish().describe("this node's part of it; none on a host that runs no pods"),
});

type Desired = z.output<typeof schema>;

interface Link {
  readonly name: string;
  readonly addresses: readonly string[];
}

interface Actual {
  /** Addresses of cni0, as 10.5.1.1/24. */
  readonly bridge: readonly string[];
  /** How many links of pods are on it. */
  readonly podCount: number;
  /** VXLAN devices that bear the names agents give them. */
  readonly links: readonly Link[];
  /** Some flanneld runs, whoever started it. */
  readonly flannelRuns: boolean;
  /** FLANNEL_NETWORK of subnet.env; empty without one. */
  readonly environment: string;
}

const environmentFile = '/run/flannel/subnet.env';

const look = sh`ip -4 -o addr show dev cni0 2>/dev/null | while read -r _ _ _ address _; do echo "bridge $address"; done
[ ! -d /sys/class/net/cni0/brif ] || echo "pods $(ls /sys/class/net/cni0/brif | wc -l)"
agent_devices | while read -r link _; do
  echo "link $link $(ip -4 -o addr show dev "$link" 2>/dev/null | while read -r _ _ _ address _; do printf '%s ' "$address"; done)"
done
[ -z "$(flanneld_processes)" ] || echo 'flanneld runs'
[ ! -f ${environmentFile} ] || sed -n 's/^FLANNEL_NETWORK=/environment /p' ${environmentFile}`;

/** Why the device is in the way; undefined for one that is as the agent wants it. A flanneld that runs keeps its own. */
function reasonOf(link: Link, desired: Desired, flannelRuns: boolean): string | undefined {
  const { agent, backend, vni, subnet } = desired;
  const own = isFlannel(agent) ? `flannel.${vni}` : 'prov-vxlan';
  if (flannelRuns && !isFlannel(agent) && link.name !== 'prov-vxlan') return undefined;
  if (backend !== 'vxlan' || link.name !== own) return 'no agent of this host uses it';
  if (!isFlannel(agent) || flannelRuns || !subnet) return undefined;
  const outside = link.addresses.find((address) => !isInside(address, subnet));
  return outside && `it has ${outside}, which is not of ${subnet}`;
}

const isInside = (address: string, subnet: string): boolean =>
  containsAddress(parseCidr(subnet), address.replace(/\/\d+$/, ''));

const linksToRemove = (actual: Actual, desired: Desired): readonly (Link & { readonly reason: string })[] =>
  actual.links.flatMap((link) => {
    const reason = reasonOf(link, desired, actual.flannelRuns);
    return reason === undefined ? [] : [{ ...link, reason }];
  });

function staleBridge(actual: Actual, { subnet }: Desired): string | undefined {
  if (!subnet) return undefined;
  const range = parseCidr(subnet);
  return actual.bridge.find((address) => address !== `${firstAddress(range)}/${range.prefixLength}`);
}

/** With static-routes the agent writes the file itself, and its task says so. */
const isStaleEnvironment = (actual: Actual, { agent, subnet, cluster_cidr }: Desired): boolean =>
  isFlannel(agent) &&
  Boolean(subnet) &&
  !actual.flannelRuns &&
  actual.environment !== '' &&
  actual.environment !== cluster_cidr;

function refuseBridgeInUse(actual: Actual, address: string, subnet: string): void {
  if (actual.podCount === 0) return;
  throw new ProvisionError({
    code: 'BRIDGE_IN_USE',
    kind: 'operation',
    what: `cni0 has ${address}, but the pods of this node have ${subnet}, and ${actual.podCount} pods are still on it`,
    why: 'Their addresses lead elsewhere by now, and no new pod can start as long as the bridge has another address',
    fix: 'Delete the pods of this node (`kubectl drain NODE --ignore-daemonsets`; those of DaemonSets by hand), then run again: the bridge is removed once nothing is on it. --limit leaves this host out meanwhile.',
  });
}

/** Links of an earlier pod network that would keep pods from starting, or lead their packets away. */
export const staleLinks = defineOperation({
  name: 'stale_links',
  summary: 'no bridge or VXLAN device of another pod network',
  schema,
  probe: () => joinScripts([flanneldProcesses, agentDevices, look]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value.trim());
    return {
      bridge: valuesOf('bridge'),
      podCount: Number(readField(output, 'pods')),
      links: valuesOf('link').map((text) => {
        const [name = '', ...addresses] = text.split(' ');
        return { name, addresses };
      }),
      flannelRuns: readField(output, 'flanneld') === 'runs',
      environment: readField(output, 'environment'),
    };
  },
  diff(actual, desired): readonly Change[] {
    const bridge = staleBridge(actual, desired);
    if (bridge !== undefined) refuseBridgeInUse(actual, bridge, desired.subnet ?? '');
    return [
      ...(bridge === undefined
        ? []
        : [{ subject: 'cni0', action: `remove: it has ${bridge}, the pods of this node have ${desired.subnet}` }]),
      ...linksToRemove(actual, desired).map(({ name, reason }) => ({
        subject: name,
        action: `remove, with the routes over it: ${reason}`,
      })),
      ...(isStaleEnvironment(actual, desired)
        ? [{ subject: environmentFile, action: `remove: it is of the network ${actual.environment}` }]
        : []),
    ];
  },
  /** A pod may have come meanwhile. */
  apply: (desired, actual) =>
    joinScripts([
      ...(staleBridge(actual, desired) === undefined
        ? []
        : [
            sh`[ -z "$(ls -A /sys/class/net/cni0/brif 2>/dev/null)" ] ||
  fail BRIDGE_IN_USE 'a pod has been put on cni0 meanwhile' 'delete the pods of this node'
ip link del dev cni0`,
          ]),
      ...linksToRemove(actual, desired).map(({ name }) => sh`ip link del dev ${name}`),
      ...(isStaleEnvironment(actual, desired) ? [sh`rm -f ${environmentFile}`] : []),
    ]),
  undo: { irreversible: 'plugins and agents make their links anew; one that led nowhere is not put back' },
});
