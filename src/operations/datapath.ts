import { randomBytes } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { ProvisionError } from '../errors.ts';
import { quote } from '../shell.ts';
import { type ClusterDeps, type ClusterView, defineClusterOperation } from './cluster-operation.ts';

const schema = z.strictObject({
  image: z.string().nullable().describe('an image with busybox that the nodes have already; it is never pulled'),
  namespace: z.string().default('default').describe('where the pods of the proof live for a moment'),
  timeout_seconds: z.number().int().positive().default(120).describe('how long the whole proof may take'),
});

const label = 'app.kubernetes.io/managed-by=provision-datapath';
/** Which proof a pod belongs to: two at once leave each other's pods alone. */
const proofKey = 'provision/proof';
const port = 7117;
const bytes = 1024 * 1024;

/**
 * Answers each connection with the address it saw and the digest of what arrived. busybox's nc does not tell the address:
 * it is that of the socket on standard input in /proc/net/tcp, eight hexadecimal digits in the host's byte order.
 */
const answer = `inode=$(readlink /proc/self/fd/0); inode=\${inode#socket:[}
set -- $(grep -h " \${inode%]} " /proc/net/tcp /proc/net/tcp6)
hex=\${3%:*}; hex=\${hex#"\${hex%????????}"}
octet() { printf %d "0x$(echo "$hex" | cut -c "$1")"; }
sum=$(head -c ${bytes} | sha256sum)
echo "$(octet 7-8).$(octet 5-6).$(octet 3-4).$(octet 1-2) \${sum%% *}"`;

const serve = `exec nc -ll -p ${port} -e /bin/sh -c ${quote(answer)}`;

/** Sends 1 MiB to every peer and writes what went wrong to the termination message. */
const probe = `head -c ${bytes} /dev/urandom >/tmp/data; sum=$(sha256sum </tmp/data); want="$ADDRESS \${sum%% *}"; good=0
for peer in $PEERS; do
  for try in 1 2 3; do
    got=$(nc -w 15 "\${peer#*=}" ${port} </tmp/data 2>&1)
    [ "$got" = "$want" ] && break
    sleep 1
  done
  if [ "$got" = "$want" ]; then good=$((good+1)); else echo "\${peer%%=*} \${got:-no answer}" | head -c 200 >>/tmp/bad; fi
done
{ echo "good $good $ADDRESS"; [ ! -f /tmp/bad ] || head -c 3000 /tmp/bad; } >/dev/termination-log`;

interface Proof {
  readonly id: string;
  readonly desired: z.output<typeof schema>;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

function pod(role: 'server' | 'client', node: string, command: string, { id, desired }: Proof, peers: string): V1Pod {
  const [key = '', value = ''] = label.split('=');
  return {
    metadata: {
      generateName: `provision-datapath-${role}-`,
      namespace: desired.namespace,
      labels: { [key]: value, [proofKey]: id, 'provision-role': role },
    },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      // ends by itself where a run was killed before it could remove it
      activeDeadlineSeconds: desired.timeout_seconds + 60,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: role,
          image: desired.image ?? '',
          imagePullPolicy: 'Never',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          command: ['/bin/sh', '-c', command],
          env: [
            { name: 'PEERS', value: peers },
            { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
        },
      ],
    },
  };
}

/** Also when an earlier run changed a node and ended before its proof. */
const isDue = (view: ClusterView): boolean =>
  view.changed || view.verify || view.hosts.some((host) => host.facts.isUnproven);

const nodesOf = (view: ClusterView): string[] => view.hosts.flatMap((host) => host.nodeName ?? []);

async function removePods(deps: ClusterDeps, namespace: string, isMine: (pod: V1Pod) => boolean): Promise<void> {
  const pods = await deps.api.pods(namespace, label);
  for (const old of pods.filter(isMine)) await deps.api.deletePod(namespace, old.metadata?.name ?? '');
}

/** Left by a run that died: older than any proof may take. */
const isLeftover = (desired: z.output<typeof schema>) => (pod: V1Pod) =>
  Date.now() - new Date(pod.metadata?.creationTimestamp ?? 0).getTime() > desired.timeout_seconds * 1000;

/** What a pod will not recover from. */
const hopeless = /^(ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|RunContainerError)$/;

const hasFailed = (pod: V1Pod): boolean =>
  pod.status?.phase === 'Failed' || hopeless.test(pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '');

/** Pods of one role, once all of them satisfy the condition; throws DATAPATH_POD_STUCK naming the others. */
async function waitForPods(
  deps: ClusterDeps,
  { id, desired, deadline }: Proof,
  role: string,
  isThere: (pod: V1Pod) => boolean,
): Promise<readonly V1Pod[]> {
  const selector = `${label},${proofKey}=${id},provision-role=${role}`;
  let pods: readonly V1Pod[] = [];
  await deps.api.watchUntil('pods', deadline - Date.now(), async () => {
    pods = await deps.api.pods(desired.namespace, selector);
    return pods.every((one) => isThere(one) || hasFailed(one));
  });
  const stuck = pods.filter((one) => !isThere(one));
  if (stuck.length === 0) return pods;
  throw new ProvisionError({
    code: 'DATAPATH_POD_STUCK',
    kind: 'cluster',
    what: `a pod of the datapath proof did not get going on ${stuck.map((one) => one.spec?.nodeName).join(', ')}`,
    why: stuck
      .map((one) => {
        const state = one.status?.containerStatuses?.[0]?.state;
        const { reason, message } = state?.waiting ?? state?.terminated ?? {};
        return `${one.spec?.nodeName}: ${[one.status?.phase, reason, message].filter(Boolean).join(': ')}`;
      })
      .join('\n'),
    fix: `Check that the nodes have the image ${desired.image}, and what the kubelet and the runtime say there.`,
  });
}

/** For every ordered pair of nodes the receiver saw the sender's pod address, and 1 MiB arrived intact. */
export const datapath = defineClusterOperation({
  scope: 'cluster',
  name: 'datapath',
  schema,
  notDone(view, { image }) {
    if (!(view.changed || view.verify)) return undefined;
    if (image === null) return 'it is not proven that pods reach each other: verify.image names no image';
    if (nodesOf(view).length < 2) return 'it is not proven that pods reach each other: that takes two nodes';
    return undefined;
  },
  diff(view, { image }) {
    if (image === null || nodesOf(view).length < 2 || !isDue(view)) return [];
    return [{ subject: 'datapath', action: `is proven between ${nodesOf(view).length} nodes` }];
  },
  async apply(deps, view, desired) {
    const nodes = nodesOf(view);
    const proof: Proof = {
      id: randomBytes(6).toString('hex'),
      desired,
      deadline: Date.now() + desired.timeout_seconds * 1000,
    };
    await removePods(deps, desired.namespace, isLeftover(desired));
    try {
      deps.progress(`starting ${nodes.length} servers`);
      for (const node of nodes) await deps.api.createPod(pod('server', node, serve, proof, ''));
      const isServing = (one: V1Pod): boolean => one.status?.phase === 'Running' && !!one.status.podIP;
      const servers = await waitForPods(deps, proof, 'server', isServing);
      deps.progress(`${nodes.length * (nodes.length - 1)} pairs`);
      for (const node of nodes) {
        const peers = servers
          .filter((one) => one.spec?.nodeName !== node)
          .map((one) => `${one.spec?.nodeName}=${one.status?.podIP}`);
        await deps.api.createPod(pod('client', node, probe, proof, peers.join(' ')));
      }
      const hasEnded = (one: V1Pod): boolean => /Succeeded|Failed/.test(one.status?.phase ?? '');
      const verdict = judge(await waitForPods(deps, proof, 'client', hasEnded), nodes.length);
      await deps.markProven();
      return verdict;
    } finally {
      await removePods(deps, desired.namespace, (one) => one.metadata?.labels?.[proofKey] === proof.id);
    }
  },
});

function judge(clients: readonly V1Pod[], nodes: number): string {
  const faults: string[] = [];
  let good = 0;
  for (const client of clients) {
    const message = client.status?.containerStatuses?.[0]?.state?.terminated?.message ?? '';
    const [head = '', ...bad] = message.trim().split('\n');
    const [, count, address] = head.split(' ');
    good += Number(count ?? 0);
    for (const line of bad) {
      const [peer, ...answer] = line.split(' ');
      faults.push(`${client.spec?.nodeName} (${address}) → ${peer}: the receiver saw ${answer.join(' ')}`);
    }
    if (!message) faults.push(`${client.spec?.nodeName}: its pod ended without a report`);
  }
  const pairs = nodes * (nodes - 1);
  if (faults.length > 0 || good !== pairs) {
    throw new ProvisionError({
      code: 'DATAPATH_BROKEN',
      kind: 'cluster',
      what: `${good} of ${pairs} pairs of nodes reach each other's pods`,
      why: faults.join('\n'),
      fix: 'No answer points at routes, a firewall or the FORWARD policy; another address than the pod’s at masquerading.',
    });
  }
  return `${pairs} pairs of nodes: source address kept, 1 MiB intact`;
}
