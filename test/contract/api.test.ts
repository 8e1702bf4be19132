import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openCluster } from '../../src/kubernetes/cluster/api.ts';
import type { ClusterApi } from '../../src/kubernetes/cluster/cluster.ts';
import { readyPod } from '../operations/pods.ts';
import { temporaryFolder } from '../unit/temporary-folder.ts';

/** An answer of the API, or a connection that breaks, before or after the request was carried out. */
type Answer = { readonly code: number; readonly body: object } | 'broken';

const status = (code: number, more: object = {}): Answer => ({ code, body: { kind: 'Status', code, ...more } });
const pods: Answer = { code: 200, body: { kind: 'PodList', metadata: {}, items: [] } };
const resources: Answer = {
  code: 200,
  body: {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'pods/eviction', group: 'policy', version: 'v1beta1', kind: 'Eviction', namespaced: true, verbs: [] },
    ],
  },
};

/** A server that gives these answers in turn, `METHOD path` of what it was asked, and bodies; and the client of it. */
async function serve(answers: readonly Answer[]) {
  const asked: string[] = [];
  const bodies: string[] = [];
  const left = [...answers];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(`${request.method} ${request.url?.split('?')[0]}`);
    bodies.push(Buffer.concat(chunks).toString());
    const answer = left.shift() ?? 'broken';
    if (answer === 'broken') return void request.socket.destroy();
    response.writeHead(answer.code, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const file = join(temporaryFolder(), 'kubeconfig');
  writeFileSync(
    file,
    `contexts: [{ name: a, context: { cluster: a, user: a } }]
current-context: a
users: [{ name: a }]
clusters: [{ name: a, cluster: { server: "http://127.0.0.1:${port}", insecure-skip-tls-verify: true } }]
`,
  );
  const patience = { lastsMs: 60_000, now: () => 0, sleep: async () => {} };
  const api: ClusterApi = await openCluster(file, { references: [], hide() {}, patience });
  return { api, asked, bodies };
}

const proof = { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [] } };

it('the first request is not made again', async () => {
  const { api, asked } = await serve(['broken', pods]);
  await expect(api.podsIn('default')).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  expect(asked).toHaveLength(1);
});

it('a later one is, whatever breaks', async () => {
  const etcd = status(500, { message: 'etcdserver: leader changed' });
  const { api, asked } = await serve([pods, 'broken', status(503), etcd, status(429), pods]);
  await api.podsIn('default');
  await expect(api.podsIn('default')).resolves.toEqual([]);
  expect(asked).toHaveLength(6);
});

it('a pod that was made although the answer was lost is not made twice, nor an error', async () => {
  const { api, asked } = await serve([pods, 'broken', status(409, { reason: 'AlreadyExists' })]);
  await api.podsIn('default');
  await api.createPod(proof);
  expect(asked.slice(1)).toEqual(Array(2).fill('POST /api/v1/namespaces/default/pods'));
});

it('a pod that another one has made is', async () => {
  const { api } = await serve([pods, status(409, { reason: 'AlreadyExists' })]);
  await api.podsIn('default');
  await expect(api.createPod(proof)).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
});

it('evictions take the version that the API names, asked for once, and are of that very pod', async () => {
  const { api, asked, bodies } = await serve([resources, status(201), status(201)]);
  await expect(api.evict(readyPod('s1'))).resolves.toBeUndefined();
  await expect(api.evict(readyPod('s2'))).resolves.toBeUndefined();
  expect(asked).toEqual([
    expect.stringMatching(/^GET \/api\/v1\/?$/),
    'POST /api/v1/namespaces/default/pods/s1/eviction',
    'POST /api/v1/namespaces/default/pods/s2/eviction',
  ]);
  expect(JSON.parse(bodies[1] ?? '')).toMatchObject({
    apiVersion: 'policy/v1beta1',
    deleteOptions: { preconditions: { uid: 's1' } },
  });
});

const budget = 'The disruption budget shop needs 2 healthy pods and has 2 currently';
const violates = 'Cannot evict pod as it would violate the pod’s disruption budget.';
it.each<[string, Answer, string | undefined]>([
  ['a budget', status(429, { message: violates, details: { causes: [{ message: budget }] } }), budget],
  ['too much to do', status(429, { message: 'too many requests' }), 'too many requests'],
  ['two budgets', status(500, { message: 'more than one PodDisruptionBudget' }), 'more than one PodDisruptionBudget'],
  ['no right', status(403, { message: 'pods "s1" is forbidden' }), 'pods "s1" is forbidden'],
  ['gone', status(404), undefined],
  ['another pod of the name', status(409), undefined],
])('what keeps a pod from being evicted is said: %s', async (_what, answer, said) => {
  const { api } = await serve([resources, answer]);
  await expect(api.evict(readyPod('s1'))).resolves.toBe(said);
});

it('an eviction whose answer was lost is made again, and the pod has gone', async () => {
  const { api, asked } = await serve([pods, resources, 'broken', status(404)]);
  await api.podsIn('default');
  await expect(api.evict(readyPod('s1'))).resolves.toBeUndefined();
  expect(asked.slice(2)).toEqual(Array(2).fill('POST /api/v1/namespaces/default/pods/s1/eviction'));
});

it('of the Warnings of a pod the last one counts, also where it is told again and again', async () => {
  const event = (reason: string, more: object) => ({
    metadata: { name: reason, creationTimestamp: '2026-01-01T00:00:00Z' },
    involvedObject: {},
    type: 'Warning',
    reason,
    message: `${reason}\n  at\tlast`,
    ...more,
  });
  const items = [
    event('Repeated', { series: { count: 7, lastObservedTime: '2026-01-01T00:09:00.000000Z' }, eventTime: null }),
    event('Once', { lastTimestamp: '2026-01-01T00:05:00Z' }),
  ];
  const { api, asked } = await serve([
    { code: 200, body: { kind: 'EventList', metadata: {}, items } },
    { code: 200, body: { kind: 'EventList', metadata: {}, items: [] } },
  ]);
  expect(await api.lastWarning('default', 'u-1')).toEqual({ reason: 'Repeated', message: 'Repeated at last' });
  expect(await api.lastWarning('default', 'u-1')).toBeUndefined();
  expect(asked).toEqual(Array(2).fill('GET /api/v1/namespaces/default/events'));
});
