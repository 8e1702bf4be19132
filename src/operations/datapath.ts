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

function pod(
  role: 'server' | 'client',
  node: string,
  command: string,
  desired: z.output<typeof schema>,
  peers: string,
): V1Pod {
  const [key = '', value = ''] = label.split('=');
  return {
    metadata: {
      generateName: `provision-datapath-${role}-`,
      namespace: desired.namespace,
      labels: { [key]: value, 'provision-role': role },
    },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
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

const isDue = (view: ClusterView): boolean => view.changed || view.verify;

const nodesOf = (view: ClusterView): string[] => view.hosts.flatMap((host) => host.nodeName ?? []);

async function removePods(deps: ClusterDeps, namespace: string): Promise<void> {
  for (const old of await deps.api.pods(namespace, label)) {
    await deps.api.deletePod(namespace, old.metadata?.name ?? '');
  }
}

/** Pods of one role, once all of them satisfy the condition; throws DATAPATH_POD_STUCK naming the others. */
async function waitForPods(
  deps: ClusterDeps,
  desired: z.output<typeof schema>,
  role: string,
  deadline: number,
  isThere: (pod: V1Pod) => boolean,
): Promise<readonly V1Pod[]> {
  let pods: readonly V1Pod[] = [];
  const met = await deps.api.watchUntil('pods', deadline - Date.now(), async () => {
    pods = (await deps.api.pods(desired.namespace, label)).filter(
      (one) => one.metadata?.labels?.['provision-role'] === role,
    );
    return pods.every((one) => isThere(one) || one.status?.phase === 'Failed');
  });
  if (met && pods.every(isThere)) return pods;
  const stuck = pods.filter((one) => !isThere(one));
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
    if (!isDue(view)) return undefined;
    if (image === null) return 'it is not proven that pods reach each other: verify.image names no image';
    if (nodesOf(view).length < 2) return 'it is not proven that pods reach each other: that takes two nodes';
    return undefined;
  },
  diff(view, { image }) {
    if (image === null || !isDue(view)) return [];
    return [{ subject: 'datapath', action: `is proven between ${nodesOf(view).length} nodes` }];
  },
  async apply(deps, view, desired) {
    const nodes = nodesOf(view);
    const deadline = Date.now() + desired.timeout_seconds * 1000;
    await removePods(deps, desired.namespace);
    try {
      deps.progress(`starting ${nodes.length} servers`);
      for (const node of nodes) await deps.api.createPod(pod('server', node, serve, desired, ''));
      const servers = await waitForPods(
        deps,
        desired,
        'server',
        deadline,
        (one) => one.status?.phase === 'Running' && !!one.status.podIP,
      );
      deps.progress(`${nodes.length * (nodes.length - 1)} pairs`);
      for (const node of nodes) {
        const peers = servers
          .filter((one) => one.spec?.nodeName !== node)
          .map((one) => `${one.spec?.nodeName}=${one.status?.podIP}`);
        await deps.api.createPod(pod('client', node, probe, desired, peers.join(' ')));
      }
      const clients = await waitForPods(deps, desired, 'client', deadline, (one) =>
        /Succeeded|Failed/.test(one.status?.phase ?? ''),
      );
      return judge(clients, nodes.length);
    } finally {
      await removePods(deps, desired.namespace);
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
