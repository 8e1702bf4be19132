import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import { ProvisionError } from '../../errors.ts';
import { checkApiAddress } from '../../kubernetes/cluster/api-address.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import {
  type AgentOfHost,
  checkAgents,
  checkForeignAgents,
  isFlannel,
  type NetworkAgent,
} from '../../kubernetes/network/agents.ts';
import { knownDaemonSets } from '../../kubernetes/network/flannel-daemonsets.ts';
import { checkHealthPort } from '../../kubernetes/network/health-port.ts';
import { checkInterface } from '../../kubernetes/network/node-interface.ts';
import { checkVxlanPort } from '../../kubernetes/network/vxlan-port.ts';
import type { Location } from '../../location.ts';
import type { FlannelConfig, ForeignFlannel } from '../../operations/facts/network-facts.ts';
import { flannelEtcdUnit, flannelUnit } from '../../operations/flannel/flanneld-processes.ts';
import { agentUnit } from '../../operations/network/static-routes-state.ts';

/** What flannel takes where its configuration says nothing, and so what a device of ours has. */
const usual = { port: 8472, vni: 1 };

/** What a run may find otherwise than the inventory says, because it brings that about. */
export interface Going {
  /** Another agent or backend on all hosts. */
  readonly changesAgent?: boolean | undefined;
  /** flannel with etcd. */
  readonly migrates?: boolean | undefined;
}

/** What hosts have of a pod network and the inventory does not want: other agents, a taken port, no interface. */
export function checkPodNetwork(
  hosts: readonly Host[],
  snapshot: ClusterSnapshot,
  inventory: Inventory,
  { changesAgent = false, migrates = false }: Going = {},
): readonly ProvisionError[] {
  const { cluster, network } = inventory.settings;
  const wanted = wantedAgent(inventory);
  const installed = hosts.flatMap(agentsOf).filter(({ agent }) => !(migrates && agent === 'flannel-etcd'));
  // a host outside --limit is changed only where it has the agent
  const touched = hosts.filter((host) => !host.outsideLimit || host.facts.units.get(agentUnit)?.loaded === true);
  return [
    ...checkAgents(wanted, changesAgent ? [] : installed).map((error) =>
      withPlace(error, inventory.locate(whatDiffers(wanted, installed))),
    ),
    ...checkForeignAgents(
      cluster.pod_cidr,
      hosts.flatMap(({ name, facts }) =>
        facts.network.foreignFlannels
          .filter((one) => !isReplaced(one, snapshot, wanted, cluster.pod_cidr))
          .map((one) => ({ ...one, isOfEtcd: !one.isPod && facts.network.etcdFlannels.includes(one.unit ?? '-') }))
          // a migration leaves it running until the last node has left docker0
          .filter(({ isOfEtcd }) => !(migrates && isOfEtcd))
          .map((one) => ({
            ...one,
            host: name,
            // one that keeps its configuration in etcd
            ...(one.network === undefined && facts.agentNetworks[0] !== undefined
              ? { network: facts.agentNetworks[0], configPath: '/run/flannel/subnet.env' }
              : {}),
          })),
      ),
    ),
    ...(network.backend === 'vxlan'
      ? checkVxlanPort(
          network.vxlan.port,
          network.vxlan.vni,
          touched.flatMap(({ name, facts }) =>
            facts.network.vxlans.map((one) => ({
              host: name,
              ...one,
              // it stays beside ours for a while
              ...(migrates &&
                facts.network.etcdFlannels.length > 0 && { device: `${one.device} of flannel with etcd` }),
            })),
          ),
        )
      : []),
    ...(network.agent === 'flannel'
      ? checkApiAddress(
          snapshot.endpoint?.server,
          hosts.flatMap((host) => apiAddressOf(host, inventory)),
        ).map((error) => withPlace(error, inventory.locate(['cluster', 'kubeconfig'])))
      : []),
    ...(network.agent === 'flannel' || network.agent === 'flannel-etcd'
      ? checkHealthPort(
          network.flannel.health_port,
          touched.flatMap(({ name, nodeName, facts }) =>
            nodeName === undefined
              ? []
              : [{ host: name, listening: facts.network.listening, flanneld: commandLineOf(facts, network.agent) }],
          ),
        ).map((error) => withPlace(error, inventory.locate(['network', 'flannel', 'health_port'])))
      : []),
    ...touched.flatMap((host) => checkInterfaceOf(host, snapshot, inventory)),
  ];
}

/** One in a pod that ours takes over from, because it carries packets in the same way. */
function isReplaced(one: ForeignFlannel, { objects }: ClusterSnapshot, wanted: NetworkAgent, range: string): boolean {
  if (wanted.agent !== 'flannel-daemonset' || !one.isPod) return false;
  const isSame = one.backend === wanted.backend && one.network === range;
  const { port = usual.port, vni = usual.vni } = one;
  const isSameVxlan = wanted.backend !== 'vxlan' || (port === wanted.port && vni === wanted.vni);
  return isSame && isSameVxlan && knownDaemonSets.some((known) => objects?.get(known) !== undefined);
}

const commandLineOf = ({ units }: Host['facts'], agent: NetworkAgent['agent']): readonly string[] =>
  units.get(agent === 'flannel-etcd' ? flannelEtcdUnit : flannelUnit)?.commandLine ?? [];

/** The setting that says otherwise than the hosts. */
function whatDiffers(wanted: NetworkAgent, installed: readonly NetworkAgent[]): readonly string[] {
  const isSame = (key: keyof NetworkAgent) => installed.every((one) => (one[key] ?? wanted[key]) === wanted[key]);
  if (!isSame('agent')) return ['network', 'agent'];
  if (!isSame('backend')) return ['network', 'backend'];
  return ['network', 'vxlan', isSame('port') ? 'vni' : 'port'];
}

/** What the inventory says of agent and backend. */
export const wantedAgent = (inventory: Inventory): NetworkAgent => ({
  agent: inventory.settings.network.agent,
  backend: inventory.settings.network.backend,
  ...vxlanOf(inventory),
});

const vxlanOf = ({ settings: { network } }: Inventory) =>
  network.backend === 'vxlan' ? { port: network.vxlan.port, vni: network.vxlan.vni } : {};

/** The agents of ours that are installed on a host; with a unit that is gone, files alone are none. */
export function agentsOf({ name, facts }: Host): AgentOfHost[] {
  const { staticRoutes, flannel, flannelEtcd, podFlannel, installedBy } = facts.network;
  const by = (unit: string) => {
    const run = installedBy.get(unit);
    return run === undefined ? {} : { run };
  };
  const number = (key: string) => (staticRoutes.get(key) ? { [key.toLowerCase()]: Number(staticRoutes.get(key)) } : {});
  const isLoaded = (unit: string): boolean => facts.units.get(unit)?.loaded === true;
  const ours: AgentOfHost[] = [];
  if (isLoaded(agentUnit)) {
    const backend = staticRoutes.get('BACKEND') || 'host-gw';
    const vxlan = backend === 'vxlan' ? { ...number('PORT'), ...number('VNI') } : {};
    ours.push({ host: name, agent: 'static-routes', backend, ...vxlan, ...by(agentUnit) });
  }
  const carries = ({ backend, port = usual.port, vni = usual.vni }: FlannelConfig) => ({
    ...(backend && { backend }),
    ...(backend === 'vxlan' ? { port, vni } : {}),
  });
  if (isLoaded(flannelUnit) && flannel !== undefined)
    ours.push({ host: name, agent: 'flannel', ...carries(flannel), ...by(flannelUnit) });
  if (isLoaded(flannelEtcdUnit) && flannelEtcd !== undefined)
    ours.push({ host: name, agent: 'flannel-etcd', ...carries(flannelEtcd), ...by(flannelEtcdUnit) });
  if (podFlannel !== undefined) ours.push({ host: name, agent: 'flannel-daemonset', ...carries(podFlannel) });
  return ours;
}

/** flannel runs on nodes alone. */
const apiAddressOf = ({ name, nodeName }: Host, { hosts }: Inventory) =>
  nodeName === undefined
    ? []
    : [{ host: name, apiServer: hosts.find((host) => host.name === name)?.settings.network.flannel.api_server }];

function checkInterfaceOf(
  { name, nodeName, facts }: Host,
  snapshot: ClusterSnapshot,
  inventory: Inventory,
): readonly ProvisionError[] {
  const own = inventory.hosts.find((host) => host.name === name);
  const node = nodeName === undefined ? undefined : snapshot.nodes.find((one) => one.name === nodeName);
  // flannel runs on nodes alone
  const isOfNoUse = nodeName === undefined && isFlannel(inventory.settings.network.agent);
  const wanted = isOfNoUse ? undefined : own?.settings.network.interface;
  const errors = checkInterface({
    host: name,
    wanted,
    nodeAddresses: node?.addresses ?? [],
    addresses: facts.addresses.map(({ device, cidr }) => ({ device, address: cidr.replace(/\/\d+$/, '') })),
  });
  if (own === undefined || wanted === undefined) return errors;
  return errors.map((error) => withPlace(error, own.locate(['network', 'interface'])));
}

/** The same error with its place in the inventory. */
export const withPlace = (error: ProvisionError, where: Location): ProvisionError =>
  new ProvisionError({
    code: error.code,
    kind: error.kind,
    what: error.what,
    where: error.where ?? where,
    ...(error.why === undefined ? {} : { why: error.why }),
    ...(error.fix === undefined ? {} : { fix: error.fix }),
  });
