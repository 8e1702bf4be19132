import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CoordinationV1Api, CoreV1Api, V1Node, Watch } from '@kubernetes/client-node';
import { ProvisionError } from '../errors.ts';
import type { ClusterApi, Leader, NodeState } from './cluster.ts';

const seconds = (time: Date | string | undefined): number => (time ? new Date(time).getTime() / 1000 : 0);

function describeNode(node: V1Node, leaseAt: number): NodeState {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  return {
    name: node.metadata?.name ?? '',
    podCidr: node.spec?.podCIDR,
    addresses: (node.status?.addresses ?? [])
      .filter((address) => address.type === 'InternalIP')
      .map((address) => address.address),
    machineId: node.status?.nodeInfo?.machineID ?? '',
    ready: ready?.status === 'True',
    reason: [ready?.reason, ready?.message].filter(Boolean).join(': '),
    heartbeatAt: seconds(ready?.lastHeartbeatTime),
    leaseAt,
  };
}

const lock = { namespace: 'kube-system', fieldSelector: 'metadata.name=kube-controller-manager' };

/** Annotation of the Endpoints that 1.16 to 1.19 may use as the lock (--leader-elect-resource-lock). */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

async function findLeader(core: CoreV1Api, coordination: CoordinationV1Api): Promise<Leader | undefined> {
  const lease = (await coordination.listNamespacedLease(lock)).items[0]?.spec;
  if (lease?.holderIdentity) return asLeader(lease.holderIdentity, lease.renewTime);
  const endpoints = (await core.listNamespacedEndpoints(lock)).items[0];
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

/** Loads a kubeconfig and the client behind it; nothing is sent yet. Throws KUBECONFIG_INVALID. */
export async function openCluster(kubeconfigFile: string): Promise<ClusterApi> {
  const k8s = await import('@kubernetes/client-node');
  const config = new k8s.KubeConfig();
  try {
    config.loadFromString(await readFile(kubeconfigFile, 'utf8'));
  } catch (cause) {
    throw new ProvisionError({
      code: 'KUBECONFIG_INVALID',
      kind: 'config',
      what: `the kubeconfig cannot be read: ${kubeconfigFile}`,
      why: (cause as Error).message,
      fix: 'Set cluster.kubeconfig to a kubeconfig with rights to read Nodes.',
      cause,
    });
  }
  const core: CoreV1Api = config.makeApiClient(k8s.CoreV1Api);
  const coordination: CoordinationV1Api = config.makeApiClient(k8s.CoordinationV1Api);
  const server = config.getCurrentCluster()?.server ?? '(no server)';

  async function ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      throw unreachable(server, cause);
    }
  }

  return {
    async snapshot() {
      const [nodes, nodeLeases, services, leader] = await ask(() =>
        Promise.all([
          core.listNode(),
          coordination.listNamespacedLease({ namespace: 'kube-node-lease' }),
          core.listNamespacedService({ namespace: 'default', fieldSelector: 'metadata.name=kubernetes' }),
          findLeader(core, coordination),
        ]),
      );
      const renewed = new Map(nodeLeases.items.map((lease) => [lease.metadata?.name, seconds(lease.spec?.renewTime)]));
      return {
        nodes: nodes.items.map((node) => describeNode(node, renewed.get(node.metadata?.name) ?? 0)),
        leader,
        serviceAddress: services.items[0]?.spec?.clusterIP,
      };
    },
    async createPod(pod) {
      await ask(() => core.createNamespacedPod({ namespace: pod.metadata?.namespace ?? 'default', body: pod }));
    },
    async pods(namespace, label) {
      return (await ask(() => core.listNamespacedPod({ namespace, labelSelector: label }))).items;
    },
    async deletePod(namespace, name) {
      await ask(() =>
        core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 }).catch((error: { code?: number }) => {
          if (error.code !== 404) throw error;
        }),
      );
    },
    watchUntil: (kind, timeoutMs, isSo) => watchUntil(new k8s.Watch(config), `/api/v1/${kind}`, timeoutMs, isSo),
  };
}

/** Leases and clocks move without an event of the watched objects: the question is asked this often all the same. */
const recheckMs = 2_000;

/** Events come in bursts: one question answers for all that arrive within this time. */
const settleMs = 500;

async function watchUntil(
  watch: Watch,
  path: string,
  timeoutMs: number,
  isSo: () => Promise<boolean>,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  let wake: () => void = () => {};
  let abort: AbortController | undefined;
  const follow = async () => {
    abort = await watch.watch(
      path,
      {},
      () => wake(),
      () => {
        abort = undefined;
      },
    );
  };
  try {
    while (Date.now() < deadline) {
      if (!abort) await follow().catch(() => undefined);
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (await isSo().catch(retryUnreachable)) return true;
      await Promise.race([changed, sleep(Math.min(recheckMs, Math.max(0, deadline - Date.now())))]);
      await sleep(settleMs);
    }
    return false;
  } finally {
    abort?.abort();
  }
}

/** An API server that restarts is waited for like anything else. */
function retryUnreachable(error: unknown): false {
  if (error instanceof ProvisionError && error.code === 'CLUSTER_UNREACHABLE') return false;
  throw error;
}
