import type { V1Pod } from '@kubernetes/client-node';
import { ProvisionError } from '../../errors.ts';
import type { ClusterApi } from '../../kubernetes/cluster/cluster.ts';
import { lacksImage } from '../../kubernetes/cluster/pods.ts';

type Cause = 'image' | 'sandbox' | 'other';

interface Stuck {
  readonly node: string;
  /** In the words of its status, and of the Warning that was last told of it. */
  readonly said: string;
  readonly cause: Cause;
}

/** What the kubelet calls a pod that gets no network. */
const ofSandbox = /^(FailedCreatePodSandBox|NetworkNotReady)$/;

/** What keeps pods of the proof from their start, with what to look at. */
export async function tellStuck(
  { lastWarning }: Pick<ClusterApi, 'lastWarning'>,
  pods: readonly V1Pod[],
  image: string | null,
): Promise<ProvisionError> {
  const stuck = await Promise.all(pods.map((pod) => lookAt(pod, lastWarning)));
  const nodesOf = (cause: Cause): string =>
    stuck
      .filter((one) => one.cause === cause)
      .map(({ node }) => node)
      .join(', ');
  const fixes: Readonly<Record<Cause, (nodes: string) => string>> = {
    image: (nodes) => `See that the nodes have the image ${image}: ${nodes}; it is never pulled.`,
    sandbox: (nodes) =>
      `A pod gets no network on ${nodes}: look there at the plugin that the message names, in cni.bin_dir, at the configuration in cni.conf_dir, and whether the network agent runs, which writes /run/flannel/subnet.env.`,
    other: (nodes) =>
      `Check that the nodes have the image ${image}, and what the kubelet and the runtime say: ${nodes}.`,
  };
  return new ProvisionError({
    code: 'DATAPATH_POD_STUCK',
    kind: 'cluster',
    what: `a pod of the datapath proof did not get going on ${stuck.map(({ node }) => node).join(', ')}`,
    why: stuck.map(({ node, said }) => `${node}: ${said}`).join('\n'),
    fix: (['image', 'sandbox', 'other'] as const)
      .flatMap((cause) => (nodesOf(cause) === '' ? [] : [fixes[cause](nodesOf(cause))]))
      .join(' '),
  });
}

async function lookAt({ metadata, spec, status }: V1Pod, lastWarning: ClusterApi['lastWarning']): Promise<Stuck> {
  const state = status?.containerStatuses?.[0]?.state;
  // a kubelet that does not take the pod at all says so of the pod
  const { reason = '', message = '' } = state?.waiting ?? state?.terminated ?? status ?? {};
  const isOfImage = lacksImage(reason);
  // the status says all of an image, and of any other thing as good as nothing
  const warning = isOfImage
    ? undefined
    : await lastWarning(metadata?.namespace ?? '', metadata?.uid ?? '').catch(() => undefined);
  return {
    node: spec?.nodeName ?? '',
    said: [status?.phase, reason, message, warning?.reason, warning?.message].filter(Boolean).join(': '),
    cause: isOfImage ? 'image' : ofSandbox.test(warning?.reason ?? '') ? 'sandbox' : 'other',
  };
}
