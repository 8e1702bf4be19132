import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CoordinationV1Api, CoreV1Api, KubeConfig, V1Node } from '@kubernetes/client-node';
import { ProvisionError } from '../../errors.ts';
import { openBootstrapTokens } from './bootstrap-tokens.ts';
import { openCertificateRequests } from './certificate-requests.ts';
import type { ClusterApi, Endpoint, Leader, NodeState } from './cluster.ts';
import { readCordon } from './cordon-mark.ts';
import { openEvictions } from './eviction.ts';
import { openLockLeases } from './lock-lease.ts';
import type { ObjectReference } from './manifest.ts';
import { openObjects } from './objects.ts';
import { patchNode } from './patch-node.ts';
import { makePatient, type Patience } from './patience.ts';
import { describePod } from './pods.ts';
import { reviewRights } from './rights.ts';
import { openWarnings } from './warnings.ts';
import { watchUntil } from './watch-until.ts';

const seconds = (time: Date | string | undefined): number => (time ? new Date(time).getTime() / 1000 : 0);

function describeNode(node: V1Node, leaseAt: number): NodeState {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  return {
    name: node.metadata?.name ?? '',
    podCidr: node.spec?.podCIDR,
    podCidrs: node.spec?.podCIDRs ?? [],
    addresses: (node.status?.addresses ?? [])
      .filter((address) => address.type === 'InternalIP')
      .map((address) => address.address),
    machineId: node.status?.nodeInfo?.machineID ?? '',
    ready: ready?.status === 'True',
    reason: [ready?.reason, ready?.message].filter(Boolean).join(': '),
    heartbeatAt: seconds(ready?.lastHeartbeatTime),
    leaseAt,
    labels: node.metadata?.labels ?? {},
    annotations: node.metadata?.annotations ?? {},
    taints: (node.spec?.taints ?? []).map(({ key, value, effect, timeAdded }) => ({ key, value, effect, timeAdded })),
    isCordoned: node.spec?.unschedulable === true,
    cordon: readCordon(node.metadata?.annotations ?? {}),
    version: node.metadata?.resourceVersion ?? '',
    flannel: readFlannel(node.metadata?.annotations ?? {}),
  };
}

const flannelPrefix = 'flannel.alpha.coreos.com/';

function readFlannel(annotations: Readonly<Record<string, string>>): NodeState['flannel'] {
  const backend = annotations[`${flannelPrefix}backend-type`];
  const address = annotations[`${flannelPrefix}public-ip`];
  return backend && address ? { backend, address } : undefined;
}

const leaderLock = { namespace: 'kube-system', fieldSelector: 'metadata.name=kube-controller-manager' };

/** Annotation of the Endpoints that 1.16 to 1.19 may use as the lock (--leader-elect-resource-lock). */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

async function findLeader(core: CoreV1Api, coordination: CoordinationV1Api): Promise<Leader | undefined> {
  const lease = (await coordination.listNamespacedLease(leaderLock)).items[0]?.spec;
  if (lease?.holderIdentity) return asLeader(lease.holderIdentity, lease.renewTime);
  const endpoints = (await core.listNamespacedEndpoints(leaderLock)).items[0];
  const record = endpoints?.metadata?.annotations?.[leaderAnnotation];
  if (record === undefined) return undefined;
  const { holderIdentity, renewTime } = JSON.parse(record) as { holderIdentity?: string; renewTime?: string };
  return holderIdentity ? asLeader(holderIdentity, renewTime) : undefined;
}

const asLeader = (identity: string, renewedAt: Date | string | undefined): Leader => ({
  identity,
  hostname: identity.replace(/_[^_]*$/, ''),
  renewedAt: seconds(renewedAt),
});

function unreachable(server: string, cause: unknown): ProvisionError {
  const error = cause as Error & { code?: number | string; body?: unknown };
  return new ProvisionError({
    code: 'CLUSTER_UNREACHABLE',
    kind: 'cluster',
    what: `the cluster's API at ${server} does not answer as it should`,
    why: typeof error.body === 'string' ? error.body : error.message,
    fix: 'Check cluster.kubeconfig, and that the API server runs and can be reached from here.',
    cause,
  });
}

export interface ClusterOptions {
  /** Objects that every snapshot has. */
  readonly references: readonly ObjectReference[];
  /** Told of every token that is read. */
  hide(secret: string): void;
  readonly patience?: Patience;
}

/** Loads a kubeconfig and the client behind it; nothing is sent yet. Throws KUBECONFIG_INVALID. */
export async function openCluster(
  kubeconfigFile: string,
  { references, hide, patience }: ClusterOptions = { references: [], hide() {} },
): Promise<ClusterApi> {
  const k8s = await import('./client.ts');
  const config = new k8s.KubeConfig();
  let endpoint: Endpoint;
  try {
    config.loadFromString(await readFile(kubeconfigFile, 'utf8'));
    if (!config.getCurrentCluster()) throw new Error('it has no current-context that leads to a cluster');
    config.makePathsAbsolute(dirname(kubeconfigFile));
    endpoint = await readEndpoint(config);
  } catch (cause) {
    throw new ProvisionError({
      code: 'KUBECONFIG_INVALID',
      kind: 'config',
      what: `the kubeconfig cannot be read: ${kubeconfigFile}`,
      // the lines below quote the file
      why: (cause as Error).message.split('\n')[0] ?? '',
      fix: 'Set cluster.kubeconfig to a kubeconfig with rights to read Nodes.',
      cause,
    });
  }
  const core: CoreV1Api = config.makeApiClient(k8s.CoreV1Api);
  const coordination: CoordinationV1Api = config.makeApiClient(k8s.CoordinationV1Api);
  const { server } = endpoint;
  const objects = openObjects(k8s, config, { hide, unreachable: (cause) => unreachable(server, cause) });

  const evict = openEvictions(core);
  const lastWarning = openWarnings(core);
  const tokens = openBootstrapTokens(core);
  const requests = openCertificateRequests(k8s, config);
  const insist = makePatient(patience);

  async function ask<T>(request: (isAgain: boolean) => Promise<T>): Promise<T> {
    try {
      return await insist(request);
    } catch (cause) {
      throw unreachable(server, cause);
    }
  }

  return {
    async snapshot() {
      const [nodes, nodeLeases, services, leader, seen] = await ask(() =>
        Promise.all([
          core.listNode(),
          coordination.listNamespacedLease({ namespace: 'kube-node-lease' }),
          core.listNamespacedService({ namespace: 'default', fieldSelector: 'metadata.name=kubernetes' }),
          findLeader(core, coordination),
          objects.see(references),
        ]),
      );
      const renewed = new Map(nodeLeases.items.map((lease) => [lease.metadata?.name, seconds(lease.spec?.renewTime)]));
      return {
        nodes: nodes.items.map((node) => describeNode(node, renewed.get(node.metadata?.name) ?? 0)),
        leader,
        serviceAddress: services.items[0]?.spec?.clusterIP,
        endpoint,
        objects: seen,
      };
    },
    async createPod(pod) {
      const request = { namespace: pod.metadata?.namespace ?? 'default', body: pod };
      await ask((isAgain) =>
        core.createNamespacedPod(request).catch((error: { code?: number }) => {
          // made by the try before, whose answer was lost
          if (!isAgain || error.code !== 409) throw error;
        }),
      );
    },
    async pods(namespace, label) {
      return (await ask(() => core.listNamespacedPod({ namespace, labelSelector: label }))).items;
    },
    async deletePod(namespace, name, uid) {
      const body = { gracePeriodSeconds: 0, ...(uid && { preconditions: { uid } }) };
      // 409: the pod of this name is another one by now
      const isGone = (code: number | undefined): boolean => code === 404 || (code === 409 && uid !== undefined);
      await ask(() =>
        core.deleteNamespacedPod({ namespace, name, body }).catch((error: { code?: number }) => {
          if (!isGone(error.code)) throw error;
        }),
      );
    },
    async deleteNode(name) {
      await ask(() =>
        core.deleteNode({ name }).catch((error: { code?: number }) => {
          if (error.code !== 404) throw error;
        }),
      );
    },
    async podsOn(nodes) {
      const [only, ...others] = nodes;
      const selector = only !== undefined && others.length === 0 ? { fieldSelector: `spec.nodeName=${only}` } : {};
      const { items } = await ask(() => core.listPodForAllNamespaces(selector));
      return items.map(describePod).filter((pod) => nodes.includes(pod.node));
    },
    patchNode: ({ name, version }, fields) => ask(() => patchNode(k8s, core, name, version, fields)),
    podsIn: async (namespace) => (await ask(() => core.listNamespacedPod({ namespace }))).items.map(describePod),
    lastWarning: (namespace, uid) => ask(() => lastWarning(namespace, uid)),
    evict: (pod) => ask(() => evict(pod)),
    bootstrapTokens: {
      create: (...token) => ask(() => tokens.create(...token)),
      removeOurs: () => ask(() => tokens.removeOurs()),
    },
    certificateRequests: {
      list: () => ask(() => requests.list()),
      approve: (...which) => ask(() => requests.approve(...which)),
    },
    rights: (question) => ask(() => reviewRights(k8s, config, question)),
    objects: objects.store,
    lock: openLockLeases(coordination, k8s.V1MicroTime, (cause) => unreachable(server, cause)),
    watchUntil: (kind, timeoutMs, isSo) => watchUntil(new k8s.Watch(config), `/api/v1/${kind}`, timeoutMs, isSo),
  };
}

async function readEndpoint(config: KubeConfig): Promise<Endpoint> {
  const { server = '(no server)', caData, caFile } = config.getCurrentCluster() ?? {};
  const fromFile = caData === undefined && caFile !== undefined ? await readFile(caFile, 'base64') : undefined;
  return { server, ca: caData ?? fromFile };
}
