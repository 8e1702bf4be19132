import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { verifyImage } from '../../src/lab/parts.ts';
import { eventually, kubectl } from './read-hosts.ts';
import { nodeNames } from './settle.ts';

const address = '10.254.77.9';
const folder = '/var/log/lab-clients';
/** Longer than a busy machine takes to answer; a lost packet is sent again after a second. */
const answerSeconds = 8;
/** A pod that is about to end goes on answering: kube-proxies hear late of it on a busy machine. */
const leavingSeconds = 6;

/** One request of a client: when it began and ended, in seconds of the machine's uptime, and which pod answered it. */
interface Request {
  readonly at: number;
  readonly end: number;
  /** A server's name, `failed`, or `started` for the start of the client itself. */
  readonly answer: string;
}

/** A Deployment of two replicas with a budget, and on every node a client that asks its Service without a pause. */
export interface Clients {
  /** The moment to measure from; all hosts of a lab have this clock. */
  now(): number;
  /** No request that began since then failed, on any node but these. */
  expectNoFailure(since: number, except?: readonly string[]): void;
  /** What became of the requests that began since then, by the node of the client. */
  measure(since: number): Readonly<Record<string, Measured>>;
  /** Waits until clients of all nodes get answers, none of them lost for five seconds. */
  flows(seconds: number): Promise<void>;
  /** How many replicas the budget demands. */
  demand(minAvailable: number): Promise<void>;
  /** Nodes where the replicas are. */
  servers(): Promise<string[]>;
}

/** How a client fared. */
export interface Measured {
  readonly asked: number;
  readonly failed: number;
  /** Failed while the client itself was ended: after its last answer, before it was started anew. */
  readonly failedAtItsEnd: number;
  /** The longest time without an answer in which the client itself ran. */
  readonly longestSeconds: number;
  /** How often the client was started anew. */
  readonly starts: number;
}

/** What a client asked from its start to its end. */
const livesOf = (requests: readonly Request[]): readonly (readonly Request[])[] => {
  const lives: Request[][] = [[]];
  for (const request of requests)
    if (request.answer === 'started') lives.push([]);
    else lives.at(-1)?.push(request);
  return lives;
};

function measure(requests: readonly Request[]): Measured {
  const lives = livesOf(requests);
  const isGood = ({ answer }: Request): boolean => answer !== 'failed';
  const lastGood = (life: readonly Request[]): number => life.findLastIndex(isGood) + 1;
  const ended = lives.slice(0, -1);
  const gaps = lives.flatMap((life, index) => {
    // the end of one that goes on counts, that of one that was ended does not
    const seen = index < ended.length ? life.slice(0, lastGood(life)) : life;
    const good = seen.filter(isGood).map(({ end }) => end);
    const from = seen[0]?.at ?? 0;
    return good.map((end, at) => end - (good[at - 1] ?? from));
  });
  const failedAtItsEnd = ended.reduce((sum, life) => sum + life.length - lastGood(life), 0);
  return {
    asked: lives.flat().length,
    failed: lives.flat().filter((one) => !isGood(one)).length - failedAtItsEnd,
    failedAtItsEnd,
    longestSeconds: Math.round(Math.max(0, ...gaps) * 10) / 10,
    starts: lives.length - 1,
  };
}

export async function startClients(lab: Lab): Promise<Clients> {
  const nodes = nodeNames(lab);
  const file = (node: string): string => join(lab.host(node).folder, folder, 'log');
  for (const node of nodes) rmSync(file(node), { force: true });
  const budgetVersion = (await kubectl(lab, 'api-versions')).split('\n').includes('policy/v1') ? 'v1' : 'v1beta1';
  const items = [deployment, service, budget(`policy/${budgetVersion}`), daemonSet];
  const { code, stderr } = await lab.kubectl(['apply', '-f', '-'], JSON.stringify({ ...list, items }));
  if (code !== 0) throw new Error(stderr);

  const now = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  const requests = (node: string, since: number): readonly Request[] =>
    (existsSync(file(node)) ? parse(readFileSync(file(node), 'utf8')) : []).filter(({ at }) => at >= since);
  const since = now();
  await kubectl(lab, 'rollout', 'status', 'deployment/web', '--timeout=60s');
  await eventually('clients of all nodes get answers', 60, async () => {
    const last = nodes.map((node) => requests(node, since).at(-1)?.answer ?? 'failed');
    return last.every((answer) => answer !== 'failed' && answer !== 'started') || last.join(', ');
  });
  return {
    now,
    expectNoFailure(since, except = []) {
      for (const node of nodes.filter((one) => !except.includes(one))) {
        const seen = requests(node, since);
        const bad = seen.filter(({ answer }) => !answer.startsWith('web-'));
        expect(bad, `what failed from ${node}, of ${seen.length}`).toEqual([]);
        expect(seen.length, `requests from ${node}`).toBeGreaterThan((now() - since - 2) / 4);
      }
    },
    measure: (since) => Object.fromEntries(nodes.map((node) => [node, measure(requests(node, since))])),
    flows: (seconds) =>
      eventually('clients of all nodes get answers', seconds, async () => {
        const last = nodes.map((node) => requests(node, now() - 5));
        const flow = (seen: readonly Request[]) =>
          seen.length > 3 && seen.every(({ answer }) => answer.startsWith('web-'));
        return last.every(flow) || JSON.stringify(last.map((seen) => seen.at(-1)));
      }),
    demand: async (minAvailable) => {
      await kubectl(lab, 'patch', 'pdb', 'web', '--type=merge', '-p', JSON.stringify({ spec: { minAvailable } }));
      const allowed = 2 - minAvailable;
      await eventually(`the budget allows ${allowed}`, 30, async () => {
        const told = await kubectl(lab, 'get', 'pdb', 'web', '-o', 'jsonpath={.status.disruptionsAllowed}');
        return Number(told) === allowed;
      });
    },
    servers: async () => {
      const fields = 'jsonpath={range .items[*]}{.spec.nodeName} {end}';
      return (await kubectl(lab, 'get', 'pods', '-l', 'app=web', '-o', fields)).trim().split(' ').toSorted();
    },
  };
}

/** Lines of two times and an answer; the last may be half-written. */
const parse = (text: string): readonly Request[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [at, end, answer = ''] = line.split(' ');
      return { at: Number(at), end: Number(end), answer };
    });

/** Says its name; not as the container's first process, which a signal without a handler does not end. */
const serve = `mkdir /tmp/web; hostname >/tmp/web/name
trap 'exit 0' TERM
httpd -f -p 8080 -h /tmp/web &
wait`;

const ask = `read -r at _ </proc/uptime; echo "$at $at started" >>/log/log
while :; do
  read -r at _ </proc/uptime
  answer=$(printf 'GET /name HTTP/1.0\\r\\n\\r\\n' | nc -w ${answerSeconds} ${address} 80 | tail -n 1)
  read -r end _ </proc/uptime; echo "$at $end \${answer:-failed}" >>/log/log
  sleep 0.5
done`;

const list = { apiVersion: 'v1', kind: 'List' };
const labels = (app: string) => ({ app });
const selector = (app: string) => ({ matchLabels: labels(app) });
const forPods = { automountServiceAccountToken: false, enableServiceLinks: false };
const container = (name: string, command: string) => ({
  name,
  image: verifyImage,
  imagePullPolicy: 'Never',
  command: ['/bin/sh', '-c', command],
});

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: selector('web'),
    template: {
      metadata: { labels: labels('web') },
      spec: {
        ...forPods,
        terminationGracePeriodSeconds: 20,
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: selector('web') },
              },
            ],
          },
        },
        containers: [
          {
            ...container('web', serve),
            readinessProbe: { httpGet: { path: '/name', port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
            lifecycle: { preStop: { exec: { command: ['sleep', String(leavingSeconds)] } } },
          },
        ],
      },
    },
  },
};

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP: address, selector: labels('web'), ports: [{ port: 80, targetPort: 8080 }] },
};

const budget = (apiVersion: string) => ({
  apiVersion,
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'default' },
  spec: { minAvailable: 1, selector: selector('web') },
});

/** Its pods are left alone by a drain, and go on while their kubelets are restarted. */
const daemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'clients', namespace: 'default' },
  spec: {
    selector: selector('clients'),
    template: {
      metadata: { labels: labels('clients') },
      spec: {
        ...forPods,
        terminationGracePeriodSeconds: 0,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ ...container('client', ask), volumeMounts: [{ name: 'log', mountPath: '/log' }] }],
        volumes: [{ name: 'log', hostPath: { path: folder, type: 'DirectoryOrCreate' } }],
      },
    },
  },
};
