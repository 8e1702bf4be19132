import type { V1Pod } from '@kubernetes/client-node';
import { containsAddress, tryParseCidr } from '../network/cidr.ts';
import type { NodeState, PodState } from './cluster.ts';
import { configDigestAnnotation } from './config-digest.ts';

/** Marks what a kubelet shows of its static pods: deleting it changes nothing. */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** On the pods of a proof that pods reach each other. */
export const proofLabel = { key: 'app.kubernetes.io/managed-by', value: 'provision-datapath' } as const;

/** A Pod object, reduced to what this tool decides by. */
export function describePod({ metadata, spec, status }: V1Pod): PodState {
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller);
  const hash = metadata?.labels?.['pod-template-hash'];
  const deployment =
    controller?.kind === 'ReplicaSet' && hash && controller.name.endsWith(`-${hash}`)
      ? controller.name.slice(0, -hash.length - 1)
      : undefined;
  const waiting = status?.containerStatuses?.find((one) => one.state?.waiting)?.state?.waiting;
  const starts = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.running?.startedAt ?? []);
  const digest = metadata?.annotations?.[configDigestAnnotation];
  const unscheduled = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return {
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    node: spec?.nodeName ?? '',
    address: status?.podIP,
    usesHostNetwork: spec?.hostNetwork === true,
    isStatic: metadata?.annotations?.[mirrorAnnotation] !== undefined || controller?.kind === 'Node',
    owner: controller && {
      uid: controller.uid,
      kind: controller.kind,
      title: deployment ? `Deployment ${deployment}` : `${controller.kind} ${controller.name}`,
    },
    hasEmptyDir: spec?.volumes?.some((volume) => volume.emptyDir !== undefined) ?? false,
    ...(metadata?.labels?.[proofLabel.key] === proofLabel.value && { isOfProof: true }),
    runs: status?.phase === 'Running' && waiting === undefined,
    isReady: status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    ...(starts.length > 0 && { startedAt: Math.min(...starts.map((at) => new Date(at).getTime() / 1000)) }),
    restarts: (status?.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0),
    ...(digest !== undefined && { configDigest: digest }),
    isLeaving: metadata?.deletionTimestamp !== undefined,
    hasEnded: status?.phase === 'Succeeded' || status?.phase === 'Failed',
    reason: [whyNotBegun(status), ...[waiting, status, unscheduled].map(sayReason)].find(Boolean) ?? '',
  };
}

const sayReason = (from: { reason?: string; message?: string } | undefined): string =>
  [from?.reason, from?.message].filter(Boolean).join(': ');

/** Whether the words of a status are about an image that is not there, as the kubelet calls that. */
export const lacksImage = (reason: string): boolean =>
  /\b(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName)\b/.test(reason);

/** What keeps an init container from its end, with its own last words: until then the others only say PodInitializing. */
function whyNotBegun(status: V1Pod['status']): string | undefined {
  for (const { name, state, lastState } of status?.initContainerStatuses ?? []) {
    const failed = [state?.terminated, lastState?.terminated].find((one) => one && one.exitCode !== 0);
    const waiting = state?.waiting?.reason === 'PodInitializing' ? undefined : state?.waiting;
    const said = [sayReason(waiting), failed?.message?.trim()].filter(Boolean).join('; ');
    if (waiting || (failed && state?.terminated === failed))
      return `${name}: ${said || `exit status ${failed?.exitCode}`}`;
  }
  return undefined;
}

/** Whether a pod has an address of its Node's range, false while the Node has none; undefined as long as it has no address. */
export function isInRange(pod: PodState, nodes: readonly NodeState[]): boolean | undefined {
  if (pod.address === undefined) return undefined;
  const range = tryParseCidr(nodes.find((node) => node.name === pod.node)?.podCidr ?? '');
  return range !== undefined && containsAddress(range, pod.address);
}

/** Pods whose address nobody else has a way to: they were made before their node had a pod network. */
export const strandedPods = (pods: readonly PodState[], nodes: readonly NodeState[]): readonly PodState[] =>
  pods.filter((pod) => !pod.usesHostNetwork && !pod.hasEnded && !pod.isLeaving && isInRange(pod, nodes) === false);

/** Pods whose place is their node: nothing but the node's own end takes them away. */
export const staysOnNode = ({ isStatic, owner }: PodState): boolean => isStatic || owner?.kind === 'DaemonSet';

/** Pods that stand for each other have the same: a Deployment may have changed its ReplicaSet. Undefined for a bare pod. */
export const makerOf = ({ namespace, name, isStatic, owner }: PodState): string | undefined =>
  isStatic ? `${namespace}/${name}` : owner && `${namespace}/${owner.title}`;

export const titleOf = ({ namespace, name }: PodState): string => `${namespace}/${name}`;
