import { randomBytes } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import { proofLabel } from '../../kubernetes/cluster/pods.ts';
import { quote } from '../../shell.ts';

export const label = `${proofLabel.key}=${proofLabel.value}`;
/** Which proof a pod belongs to: two at once leave each other's pods alone. */
export const proofKey = 'provision/proof';
/** On pods of a run that held the cluster's lock. */
export const lockedKey = 'provision/locked';
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

const commands = { server: serve, client: probe } as const;

export interface ProofPods {
  readonly id: string;
  readonly isAlone: boolean;
  readonly desired: { readonly image: string | null; readonly namespace: string; readonly timeout_seconds: number };
}

/** A pod of the proof on a node: one that answers, or one that asks these peers, `name=address` each. */
export function proofPod(
  role: 'server' | 'client',
  node: string,
  { id, isAlone, desired }: ProofPods,
  peers: string,
): V1Pod {
  return {
    metadata: {
      // not left to the API: a request made again must not make another pod
      name: `provision-datapath-${role}-${randomBytes(5).toString('hex')}`,
      namespace: desired.namespace,
      labels: {
        [proofLabel.key]: proofLabel.value,
        [proofKey]: id,
        [lockedKey]: String(isAlone),
        'provision-role': role,
      },
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
          command: ['/bin/sh', '-c', commands[role]],
          env: [
            { name: 'PEERS', value: peers },
            { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
        },
      ],
    },
  };
}
