import type { V1Pod } from '@kubernetes/client-node';
import type { BootstrapTokens } from './bootstrap-tokens.ts';
import type { CertificateRequests } from './certificate-requests.ts';
import type { LockLeases } from './lock-lease.ts';
import type { ObjectStore, SeenObjects } from './objects.ts';
import type { RightsAnswer, RightsQuestion } from './rights.ts';
import type { Warning } from './warnings.ts';

/** A taint of a Node; without a value it is undefined. */
export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
  /** When it was given, where the API says so. */
  readonly timeAdded?: Date | undefined;
}

/** What a run leaves on a Node before it cordons it, so that any other one can lift the cordon. */
export interface CordonMark {
  readonly run: string;
  /** Whether it was cordoned before, by somebody else: then it stays so. */
  readonly wasCordoned: boolean;
  /** It is left cordoned on purpose, for somebody to look at. */
  readonly isKept: boolean;
}

/** A Node object, reduced to what this tool decides by. */
export interface NodeState {
  readonly name: string;
  readonly podCidr: string | undefined;
  /** All of them, of either family. */
  readonly podCidrs?: readonly string[];
  readonly addresses: readonly string[];
  readonly machineId: string;
  readonly ready: boolean;
  /** Why it is not Ready, in the words of its conditions. */
  readonly reason: string;
  /** Seconds since the epoch on the node's own clock. */
  readonly heartbeatAt: number;
  /** When its Lease in kube-node-lease was renewed; 0 without a Lease. */
  readonly leaseAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Cordoned, by whomever. */
  readonly isCordoned: boolean;
  /** Says that a run of this tool cordoned it; undefined where none did. */
  readonly cordon?: CordonMark | undefined;
  /** Another one after every write of the object. */
  readonly version: string;
  /** What its flanneld has told of itself: its backend, and the address it is reached by; undefined where none ever ran. */
  readonly flannel?: { readonly backend: string; readonly address: string } | undefined;
}

/** A Pod object, reduced to what this tool decides by. */
export interface PodState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Empty until it is scheduled. */
  readonly node: string;
  readonly address: string | undefined;
  readonly usesHostNetwork: boolean;
  /** Made by its kubelet from a manifest, not through the API. */
  readonly isStatic: boolean;
  /** Its controller, which makes another one when it goes; a ReplicaSet of a Deployment is called by the latter's name. */
  readonly owner: { readonly uid: string; readonly kind: string; readonly title: string } | undefined;
  /** It has a volume that goes with it: emptyDir. */
  readonly hasEmptyDir: boolean;
  /** A proof of this tool made it; it ends by itself. */
  readonly isOfProof?: true;
  readonly runs: boolean;
  readonly isReady: boolean;
  /** When the first of its containers that run was started, in seconds since the epoch on its node's clock. */
  readonly startedAt?: number;
  /** How often its containers were started again. */
  readonly restarts?: number;
  /** The digest of what it was made with, where the template says one. */
  readonly configDigest?: string;
  /** Its deletion has begun. */
  readonly isLeaving: boolean;
  readonly hasEnded: boolean;
  /** Why it does not run, in the words of its status. */
  readonly reason: string;
}

/** Who holds the controller-managers' lock kube-system/kube-controller-manager: a Lease, before 1.20 possibly an annotation. */
export interface Leader {
  /** hostname_uuid. */
  readonly identity: string;
  readonly hostname: string;
  readonly renewedAt: number;
}

/** Where the API is, as the kubeconfig says. */
export interface Endpoint {
  readonly server: string;
  /** The certificates of those who vouch for it, PEM in base64; undefined where the kubeconfig names none. */
  readonly ca: string | undefined;
}

/** The cluster's data of one moment. */
export interface ClusterSnapshot {
  readonly nodes: readonly NodeState[];
  readonly leader: Leader | undefined;
  /** Address of the Service default/kubernetes, the first of the API server's service range. */
  readonly serviceAddress?: string | undefined;
  readonly endpoint?: Endpoint;
  /** The objects that the run wants to see. */
  readonly objects?: SeenObjects;
}

/** The cluster seen through its API; every method may throw CLUSTER_UNREACHABLE. */
export interface ClusterApi {
  snapshot(): Promise<ClusterSnapshot>;
  createPod(pod: V1Pod): Promise<void>;
  /** Pods of a namespace that carry a label. */
  pods(namespace: string, label: string): Promise<readonly V1Pod[]>;
  /** At once, without waiting for a kubelet; with a uid only the pod that has it. */
  deletePod(namespace: string, name: string, uid?: string): Promise<void>;
  deleteNode(name: string): Promise<void>;
  /** Pods on any of these nodes, of all namespaces. */
  podsOn(nodes: readonly string[]): Promise<readonly PodState[]>;
  podsIn(namespace: string): Promise<readonly PodState[]>;
  /** The Warning that was last told of a pod; undefined where there is none. */
  lastWarning(namespace: string, uid: string): Promise<Warning | undefined>;
  /** Changes fields of a Node by a merge patch, bound to the version that was read; the new version, undefined where it is no longer that. */
  patchNode(node: Pick<NodeState, 'name' | 'version'>, fields: object): Promise<string | undefined>;
  /** Undefined once it is under way, else why it is not allowed, for now or at all. */
  evict(pod: PodState): Promise<string | undefined>;
  /** Asks with a token what its owner may do. */
  rights(question: RightsQuestion): Promise<RightsAnswer>;
  readonly bootstrapTokens: BootstrapTokens;
  readonly certificateRequests: CertificateRequests;
  /** Objects of any kind. */
  readonly objects: ObjectStore;
  /** The lock that one run at a time holds. */
  readonly lock: LockLeases;
  /** Asks again at every change of these objects until it is so; false when the time is up. */
  watchUntil(kind: 'nodes' | 'pods', timeoutMs: number, isSo: () => Promise<boolean>): Promise<boolean>;
}
