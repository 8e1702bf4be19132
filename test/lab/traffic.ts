import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../src/lab/lab.ts';
import { eventually, kubectl } from './read-hosts.ts';
import { findGaps, type Gap, parseLog, type Request, startsIn } from './traffic-log.ts';

const image = 'lab.invalid/verify:1';
const port = 7118;
/** Longer than a busy machine takes to answer; a lost packet is sent again every second. */
const answerSeconds = 5;

/** Tells who asks which address that came from, as the kernel writes it in /proc/net/tcp. */
const answer = `inode=$(readlink /proc/self/fd/0); inode=\${inode#socket:[}
set -- $(grep -h " \${inode%]} " /proc/net/tcp /proc/net/tcp6); echo "$3"`;

/** Answers, and asks the other pod five times a second. Files are written in place: the `peer` of the node before is our `own`. */
const script = `own=$(ip -4 -o addr show dev eth0 | sed 's,.* inet \\([0-9.]*\\).*,\\1,')
cat >/answer <<'END'
${answer}
END
nc -ll -p ${port} -e /bin/sh /answer &
echo "$own" >/traffic/own
read -r at _ </proc/uptime; echo "$at $at started $own" >>/traffic/log
while :; do
  read -r peer </traffic/peer; read -r at _ </proc/uptime
  saw=$(timeout ${answerSeconds} nc "$peer" ${port} </dev/null 2>/dev/null); read -r end _ </proc/uptime
  echo "$at $end \${saw:-failed}" >>/traffic/log
  sleep 0.2
done`;

/** Pods of two nodes that ask each other without a pause, or of more in a ring, each the next one; they come back with their hosts. */
export interface Traffic {
  /** The moment to measure from; all hosts of a lab have this clock. */
  now(): number;
  /** Tries that began since then, by the node of the client. */
  requests(since: number): Readonly<Record<string, readonly Request[]>>;
  /** Those that had not ended then. */
  gaps(since: number): Readonly<Record<string, readonly Gap[]>>;
  /** Waits until tries that began after now are answered both ways. */
  flows(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startTraffic(lab: Lab, nodes: readonly [string, string, ...string[]]): Promise<Traffic> {
  const file = (node: string, name: string): string => join(lab.host(node).folder, 'var/lib/lab-traffic', name);
  const peerOf = (node: string): string => nodes[(nodes.indexOf(node) + 1) % nodes.length] ?? nodes[0];
  const clean = async () => {
    await kubectl(lab, 'delete', 'pods', '--force', '--grace-period=0', '--ignore-not-found', ...nodes.map(podName));
    for (const node of nodes) rmSync(file(node, ''), { recursive: true, force: true });
  };
  await clean();
  for (const node of nodes) {
    mkdirSync(file(node, ''), { recursive: true });
    for (const name of ['own', 'log']) writeFileSync(file(node, name), '');
  }
  // on one disk of the machine: what one host writes the other reads, also when there is no API server to ask
  for (const node of nodes) linkSync(file(peerOf(node), 'own'), file(node, 'peer'));
  const created = await lab.kubectl(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes.map(trafficPod) }),
  );
  if (created.code !== 0) throw new Error(created.stderr);

  const now = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const read = (node: string): readonly Request[] => parseLog(readFileSync(file(node, 'log'), 'utf8'));
  const byNode = <Value>(value: (node: string) => Value): Record<string, Value> =>
    Object.fromEntries(nodes.map((node) => [node, value(node)]));
  const requests = (since: number) => byNode((node) => read(node).filter(({ at }) => at >= since));
  const traffic: Traffic = {
    now,
    requests,
    gaps: (since) => byNode((node) => findGaps(read(node), startsIn(read(peerOf(node))), since)),
    flows: (seconds) => {
      const since = now();
      return eventually(`pods of ${nodes.join(' and ')} reach each other`, seconds, async () => {
        const seen = Object.entries(requests(since));
        return (
          seen.every(([, tries]) => tries.at(-1)?.outcome === 'good') ||
          JSON.stringify(seen.map(([node, tries]) => [node, tries.at(-1)]))
        );
      });
    },
    stop: clean,
  };
  await traffic.flows(60);
  return traffic;
}

const podName = (node: string): string => `traffic-${node}`;

const trafficPod = (node: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: podName(node), namespace: 'default' },
  spec: {
    nodeName: node,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: 'traffic',
        image,
        imagePullPolicy: 'Never',
        command: ['/bin/sh', '-c', script],
        volumeMounts: [{ name: 'traffic', mountPath: '/traffic' }],
      },
    ],
    volumes: [{ name: 'traffic', hostPath: { path: '/var/lib/lab-traffic', type: 'Directory' } }],
  },
});
