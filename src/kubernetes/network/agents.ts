import { ProvisionError } from '../../errors.ts';

/**
 * What can carry packets between hosts: a script of ours, flanneld as a service of the host, in pods of a DaemonSet, or as a
 * service that goes by etcd.
 */
export const networkAgents = ['static-routes', 'flannel', 'flannel-daemonset', 'flannel-etcd'] as const;

export type AgentName = (typeof networkAgents)[number];

export const isFlannel = (agent: AgentName): boolean => agent !== 'static-routes';

/** What carries packets between hosts, and how. Port and VNI count with vxlan alone. */
export interface NetworkAgent {
  readonly agent: AgentName;
  /** Undefined where the host does not say. */
  readonly backend?: string;
  readonly port?: number;
  readonly vni?: number;
}

export interface AgentOfHost extends NetworkAgent {
  readonly host: string;
  /** The run that installed it, where the host still knows. */
  readonly run?: string;
}

const differs = <T>(seen: T | undefined, wanted: T | undefined): boolean => seen !== undefined && seen !== wanted;

/** Whether hosts with the one would have to change for the other. */
export function isOther(seen: NetworkAgent, wanted: NetworkAgent): boolean {
  if (seen.agent !== wanted.agent || differs(seen.backend, wanted.backend)) return true;
  return wanted.backend === 'vxlan' && (differs(seen.port, wanted.port) || differs(seen.vni, wanted.vni));
}

/** Refuses a change of the agent or of its backend: packets of hosts with different ones go lost. */
export function checkAgents(wanted: NetworkAgent, installed: readonly AgentOfHost[]): ProvisionError[] {
  const others = installed.filter((seen) => isOther(seen, wanted));
  const [first] = others;
  if (first === undefined) return [];
  const kinds = [...new Set(others.map(describeAgent))];
  const runs = [...new Set(others.flatMap(({ run }) => run ?? []))].toSorted().toReversed();
  const back = kinds.length === 1 ? `Say ${settingsOf(first)} again` : 'Say again what the hosts have';
  const undo = runs.map((run) => `./provision undo ${run}`).join(' && ');
  return [
    new ProvisionError({
      code: 'AGENT_CHANGES',
      kind: 'cluster',
      what: `The inventory says ${describeAgent(wanted)}, but ${kinds.map((kind) => `${hostsWith(kind, others)} ${kind}`).join(', ')}`,
      why: whyNot(wanted, others),
      fix: `${wayThere(wanted, others)}${back[0]?.toLowerCase()}${back.slice(1)}, or take back what installed it (${undo || '`./provision history` names the run'}: all else that was done with it goes as well, the pod network too where it was set up then) and then run \`up\` with the inventory as it is.`,
    }),
  ];
}

function whyNot(wanted: NetworkAgent, others: readonly NetworkAgent[]): string {
  const isOnDocker0 = ({ agent }: NetworkAgent): boolean => agent === 'flannel-etcd';
  if (isOnDocker0(wanted) && others.every(isOnDocker0))
    return 'Hosts with different ones can lose the packets between their pods, and no command changes this of flannel-etcd on all hosts together';
  if (isOnDocker0(wanted))
    return 'No command leads a cluster to flannel-etcd: containers are on docker0 with it, another network than that of pods with plugins, and no address of theirs would stay';
  if (others.some(isOnDocker0))
    return 'Containers on docker0 are on another network than pods with plugins: they leave it node by node, which `up` does not do';
  return 'Hosts with different ones can lose the packets between their pods: all of them have to change together, which `up` does not do';
}

/** Containers leave docker0 node by node; nothing brings them back there but undo. */
function wayThere(wanted: NetworkAgent, others: readonly NetworkAgent[]): string {
  if (wanted.agent === 'flannel-etcd') return 'To keep what is there, ';
  return others.some(({ agent }) => agent === 'flannel-etcd')
    ? 'Let nodes leave docker0 one after the other: ./provision migrate INVENTORY. Or: '
    : 'Change them all together: ./provision network change INVENTORY. Or: ';
}

const hostsWith = (kind: string, all: readonly AgentOfHost[]): string => {
  const hosts = all.filter((seen) => describeAgent(seen) === kind).map(({ host }) => host);
  return `${hosts.join(', ')} ${hosts.length === 1 ? 'has' : 'have'}`;
};

/** As `flannel (vxlan, port 8472, VNI 1)`. */
export function describeAgent({ agent, backend, port, vni }: NetworkAgent): string {
  const details = backend === 'vxlan' ? [port && `port ${port}`, vni && `VNI ${vni}`].filter(Boolean) : [];
  const how = [backend, ...details].filter(Boolean).join(', ');
  return `${agent}${how ? ` (${how})` : ''}`;
}

function settingsOf({ agent, backend, port, vni }: NetworkAgent): string {
  const vxlan = [port && `port: ${port}`, vni && `vni: ${vni}`].filter(Boolean).join(', ');
  return `network: { agent: ${agent}${backend ? `, backend: ${backend}` : ''}${backend === 'vxlan' && vxlan ? `, vxlan: { ${vxlan} }` : ''} }`;
}

/** A flanneld that runs on a host and that provision did not put there. */
export interface ForeignAgent {
  readonly host: string;
  /** Its systemd unit, where it has one. */
  readonly unit?: string;
  readonly isPod: boolean;
  /** It keeps its ranges in etcd, on a host with Docker mostly. */
  readonly isOfEtcd?: boolean;
  readonly configPath: string;
  readonly network?: string;
  readonly backend?: string;
}

/** Refuses hosts on which a flannel of somebody else runs, which goes by another range or not. */
export function checkForeignAgents(clusterCidr: string, foreign: readonly ForeignAgent[]): ProvisionError[] {
  return foreign.flatMap((one) => [...disagreement(clusterCidr, one), alreadyThere(one)]);
}

const titleOf = ({ isPod, unit }: ForeignAgent): string =>
  isPod ? 'flannel in a pod' : unit === undefined ? 'a flanneld' : `flanneld in ${unit}`;

const placeOf = ({ isPod, configPath }: ForeignAgent): string =>
  isPod ? `${configPath} of its pod, which the ConfigMap kube-flannel-cfg makes` : configPath;

function disagreement(clusterCidr: string, one: ForeignAgent): ProvisionError[] {
  if (one.network === undefined || one.network === '' || one.network === clusterCidr) return [];
  return [
    new ProvisionError({
      code: 'RANGES_DISAGREE',
      kind: 'cluster',
      what: `${one.host}: ${titleOf(one)} goes by ${one.network} (Network in ${placeOf(one)}), the cluster's pod range is ${clusterCidr}`,
      why: 'Packets between pods on different nodes would be masqueraded or dropped',
      fix: `Remove that flannel; or, where it is to stay, set Network to ${clusterCidr} there and restart it.`,
    }),
  ];
}

const alreadyThere = (one: ForeignAgent): ProvisionError =>
  new ProvisionError({
    code: 'AGENT_CHANGES',
    kind: 'cluster',
    what: `${one.host}: ${titleOf(one)} runs here${one.backend ? ` (${one.backend})` : ''}, which provision did not install`,
    why: 'Two agents on one host overwrite routes, rules and /run/flannel/subnet.env of each other',
    fix: `${one.isOfEtcd ? '`provision migrate` takes its place node by node. Else: ' : ''}${stopping(one)}, then run again, which removes what it leaves behind; pods of different nodes do not reach each other meanwhile.`,
  });

const stopping = ({ isPod, unit, host }: ForeignAgent): string =>
  isPod
    ? 'Delete its DaemonSet (`kubectl get daemonsets -A` names it)'
    : unit === undefined
      ? `End it on all hosts (\`pgrep -a flanneld\` finds it on ${host})`
      : `Stop it on all hosts (\`systemctl disable --now ${unit}\`)`;
