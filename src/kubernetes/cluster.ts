import type { V1Pod } from '@kubernetes/client-node';

/** A Node object, reduced to what this tool decides by. */
export interface NodeState {
  readonly name: string;
  readonly podCidr: string | undefined;
  readonly addresses: readonly string[];
  readonly machineId: string;
  readonly ready: boolean;
  /** Why it is not Ready, in the words of its conditions. */
  readonly reason: string;
  /** Seconds since the epoch on the node's own clock. */
  readonly heartbeatAt: number;
  /** When its Lease in kube-node-lease was renewed; 0 without a Lease. */
  readonly leaseAt: number;
}

/** Who holds the controller-managers' lock kube-system/kube-controller-manager: a Lease, before 1.20 possibly an annotation. */
export interface Leader {
  /** hostname_uuid. */
  readonly identity: string;
  readonly hostname: string;
  readonly renewedAt: number;
}

/** The cluster's data of one moment. */
export interface ClusterSnapshot {
  readonly nodes: readonly NodeState[];
  readonly leader: Leader | undefined;
  /** Address of the Service default/kubernetes, the first of the API server's service range. */
  readonly serviceAddress?: string | undefined;
}

/** The cluster seen through its API; every method may throw CLUSTER_UNREACHABLE. */
export interface ClusterApi {
  snapshot(): Promise<ClusterSnapshot>;
  createPod(pod: V1Pod): Promise<void>;
  /** Pods of a namespace that carry a label. */
  pods(namespace: string, label: string): Promise<readonly V1Pod[]>;
  deletePod(namespace: string, name: string): Promise<void>;
  /** Asks again at every change of these objects until it is so; false when the time is up. */
  watchUntil(kind: 'nodes' | 'pods', timeoutMs: number, isSo: () => Promise<boolean>): Promise<boolean>;
}
