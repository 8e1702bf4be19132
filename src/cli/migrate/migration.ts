import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import type { Migration, PodOnDocker0 } from '../../events.ts';
import type { ClusterSnapshot, PodState } from '../../kubernetes/cluster/cluster.ts';
import { staysOnNode, strandedPods } from '../../kubernetes/cluster/pods.ts';

export interface MigrationGround {
  readonly hosts: readonly Pick<Host, 'name' | 'facts' | 'nodeName'>[];
  readonly snapshot: ClusterSnapshot;
  readonly pods: readonly PodState[];
  readonly inventory: Pick<Inventory, 'settings' | 'groups'>;
  readonly order: Migration['order'];
  readonly purge: boolean;
}

/** A migration in words, as hosts and cluster are before it. */
export function describeMigration({ hosts, snapshot, pods, inventory, order, purge }: MigrationGround): Migration {
  const { cluster, network } = inventory.settings;
  const flannels = hosts.flatMap(({ name, facts }) => facts.network.etcdFlannels.map((unit) => ({ host: name, unit })));
  const networks = [...new Set(hosts.flatMap(({ facts }) => facts.agentNetworks))];
  const docker0 = hosts.flatMap(({ name, facts }) =>
    facts.addresses.filter(({ device }) => device === 'docker0').map(({ cidr }) => ({ host: name, address: cidr })),
  );
  const onDocker0 = strandedPods(pods, snapshot.nodes).map(describePod);
  const to = { network: cluster.pod_cidr, agent: network.agent, backend: network.backend };
  const isNeeded = onDocker0.length > 0 || hosts.some((host) => isOfBefore(host, inventory));
  if (!isNeeded)
    return {
      isNeeded,
      from: { networks: [], docker0: [], flannels: [] },
      to,
      order: [],
      pods: [],
      meanwhile: purge ? ['The keys that a flannel of before may have left in etcd are deleted.'] : [],
    };
  return {
    isNeeded,
    from: { networks: networks.filter((one) => one !== cluster.pod_cidr), docker0, flannels },
    to,
    order,
    pods: onDocker0,
    meanwhile: tellMeanwhile({ hosts, snapshot, inventory, flannels, pods: onDocker0, purge }),
  };
}

/** A flannel with etcd is there, whoever installed it, or docker0 is what pods of this node would start on. */
function isOfBefore(
  { name, facts }: MigrationGround['hosts'][number],
  { settings, groups }: MigrationGround['inventory'],
): boolean {
  const { etcdFlannels, flannelEtcd } = facts.network;
  if (etcdFlannels.length > 0 || flannelEtcd !== undefined) return true;
  const isOnRange = facts.agentNetworks.includes(settings.cluster.pod_cidr);
  const hasDocker0 = facts.addresses.some(({ device }) => device === 'docker0');
  return !isOnRange && hasDocker0 && (groups.get('nodes')?.includes(name) ?? false);
}

function describePod(pod: PodState): PodOnDocker0 {
  const { namespace, name, node, address = '', owner } = pod;
  const fate = staysOnNode(pod) ? 'on-its-node' : owner === undefined ? 'lost' : 'anew';
  return { namespace, name, node, address, owner: owner?.title ?? null, fate };
}

interface Told extends Pick<MigrationGround, 'hosts' | 'snapshot' | 'inventory' | 'purge'> {
  readonly flannels: Migration['from']['flannels'];
  readonly pods: readonly PodOnDocker0[];
}

function tellMeanwhile({ hosts, snapshot, inventory, flannels, pods, purge }: Told): readonly string[] {
  const { settings, groups } = inventory;
  const isNode = (name: string): boolean => groups.get('nodes')?.includes(name) ?? false;
  const without = hosts.filter(({ name }) => isNode(name) && !flannels.some(({ host }) => host === name));
  const foreign = snapshot.nodes.filter(({ name }) => !hosts.some(({ nodeName }) => nodeName === name));
  const lost = pods.filter(({ fate }) => fate === 'lost');
  const mayLose = settings.roll.delete_bare_pods;
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(', ');
  return [
    ...(flannels.length > 0
      ? [
          'Pods of both ranges reach each other: every host has routes to both from the beginning to the end. Where one of either range asks one of the other, the one that is asked sees an address of the node, not of the pod.',
        ]
      : []),
    ...(without.length > 0
      ? [
          `No flannel with etcd runs on ${names(without)}: pods that are on docker0 there and pods of other nodes do not reach each other, as before.`,
        ]
      : []),
    ...(foreign.length > 0
      ? [
          `${names(foreign)} ${foreign.length === 1 ? 'is not' : 'are not'} in the inventory: pods there and pods of the new range do not reach each other.`,
        ]
      : []),
    "The pods of a node end when it is the node's turn, and with them their connections; Docker and the kubelet are restarted there, whatever else Docker runs ends too.",
    ...(lost.length > 0
      ? [
          `${lost.length} bare ${lost.length === 1 ? 'pod is' : 'pods are'} lost${mayLose ? ', as was agreed to' : '; --delete-bare-pods says that they may be, and without it nothing is begun'}.`,
        ]
      : []),
    purge
      ? 'The keys of flannel in etcd are deleted at the end.'
      : 'The keys of flannel in etcd stay; --purge deletes them at the end.',
  ];
}
