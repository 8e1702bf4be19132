import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCluster } from '../../src/kubernetes/cluster/api.ts';
import type { LiveObject, Manifest } from '../../src/kubernetes/cluster/manifest.ts';

const secretText = 'header.payload.the-token-itself';
const role: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'r' },
  rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
};
const secret: Manifest = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'kube-system' },
  type: 'kubernetes.io/service-account-token',
};
const account: Manifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'a', namespace: 'kube-system' },
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: unknown;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString()) : undefined;
}

/** An API that has a role and a filled Secret, and the cluster seen through it. */
async function setUp(answer: Readonly<Record<string, { readonly status: number; readonly body: object }>> = {}) {
  const asked: Asked[] = [];
  const stored = { uid: 'u1', resourceVersion: '42' };
  const objects: Record<string, object> = {
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/r': { ...role, metadata: { ...role.metadata, ...stored } },
    '/api/v1/namespaces/kube-system/secrets/s': {
      ...secret,
      metadata: { ...secret.metadata, ...stored },
      data: {
        token: Buffer.from(secretText).toString('base64'),
        namespace: Buffer.from('kube-system').toString('base64'),
      },
    },
  };
  const server = createServer(async (request, response) => {
    const { pathname: path } = new URL(request.url ?? '', 'http://api');
    const method = request.method ?? '';
    asked.push({ method, path, type: request.headers['content-type'] ?? '', body: await bodyOf(request) });
    const found = objects[path];
    const isList = /\/(nodes|leases|services|endpoints)$/.test(path);
    const usual = isList ? { items: [] } : (found ?? { kind: 'Status', message: 'not found', code: 404 });
    const { status, body } = answer[`${method} ${path}`] ?? {
      status: method === 'GET' && !isList && !found ? 404 : 200,
      body: usual,
    };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'provision-objects-'));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'kubeconfig');
  writeFileSync(join(folder, 'ca.pem'), 'PEM');
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            'certificate-authority': 'ca.pem',
            // the client speaks no HTTP otherwise
            'insecure-skip-tls-verify': true,
          },
        },
      ],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user: {} }],
      'current-context': 'c',
    }),
  );
  const hidden: string[] = [];
  const api = await openCluster(file, { references: [role, secret, account], hide: (text) => hidden.push(text) });
  return { api, asked, hidden };
}

test('objects are read with the snapshot, one request each, and a token is hidden before it is shown to anybody', async () => {
  const { api, asked, hidden } = await setUp();
  const { objects, endpoint } = await api.snapshot();
  expect(objects?.get(role)).toMatchObject({ rules: role['rules'], metadata: { resourceVersion: '42' } });
  expect(objects?.get(account)).toBeUndefined();
  expect(() => objects?.get({ ...account, metadata: { name: 'other' } })).toThrow(TypeError);
  expect(objects?.token(secret)).toBe(secretText);
  expect(hidden).toEqual([secretText]);
  expect(objects?.get(secret)).toMatchObject({ type: secret['type'] });
  expect(objects?.get(secret)).not.toHaveProperty('data');
  expect(endpoint?.ca).toBe(Buffer.from('PEM').toString('base64'));
  const paths = asked.map(({ path }) => path);
  expect(paths.filter((path) => /clusterroles|secrets|serviceaccounts/.test(path))).toHaveLength(3);
  expect(paths.filter((path) => /^\/api\/v1$|^\/apis\/[^/]+\/v1$/.test(path))).toEqual([]);
});

test('what is written is bound to what was seen', async () => {
  const { api, asked } = await setUp();
  const live = (await api.snapshot()).objects?.get(role) as LiveObject;
  asked.length = 0;
  await api.objects.create(account);
  await api.objects.patch(live, { ...role, rules: [] });
  await api.objects.remove(live);
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/r';
  expect(asked).toMatchObject([
    { method: 'POST', path: '/api/v1/namespaces/kube-system/serviceaccounts', body: { kind: 'ServiceAccount' } },
    {
      method: 'PATCH',
      path,
      type: 'application/merge-patch+json',
      body: { rules: [], metadata: { name: 'r', resourceVersion: '42' } },
    },
    { method: 'DELETE', path, body: { preconditions: { uid: 'u1', resourceVersion: '42' } } },
  ]);
});

test('a field that was not there goes with a patch', async () => {
  const { api, asked } = await setUp();
  const live = (await api.snapshot()).objects?.get(role) as LiveObject;
  const labels = { gone: null } as unknown as Record<string, string>;
  await api.objects.patch(live, { ...role, metadata: { ...role.metadata, labels } });
  expect(asked.at(-1)?.body).toMatchObject({ metadata: { labels: { gone: null } } });
});

test('what the API refuses is said in its words', async () => {
  const path = '/api/v1/namespaces/kube-system/serviceaccounts';
  const { api } = await setUp({ [`POST ${path}`]: { status: 403, body: { message: 'you may not create it' } } });
  await expect(api.objects.create(account)).rejects.toMatchObject({
    code: 'OBJECT_REFUSED',
    why: 'you may not create it',
  });
});

test('a token that may do too much names who gave it that', async () => {
  const review = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const { api, asked } = await setUp({
    [`POST ${review}`]: { status: 201, body: { status: { allowed: true } } },
    [`GET ${rbac}/clusterrolebindings`]: {
      status: 200,
      body: {
        items: [
          {
            metadata: { name: 'oops' },
            roleRef: { kind: 'ClusterRole', name: 'all' },
            subjects: [{ kind: 'Group', name: 'system:serviceaccounts' }],
          },
        ],
      },
    },
    [`GET ${rbac}/clusterroles`]: {
      status: 200,
      body: { items: [{ metadata: { name: 'all' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }] },
    },
  });
  const payload = Buffer.from(JSON.stringify({ sub: 'system:serviceaccount:kube-system:a' })).toString('base64url');
  const answer = await api.rights({
    token: `x.${payload}.y`,
    allowed: [{ verb: 'patch', resource: 'nodes/status' }],
    denied: [{ verb: 'list', resource: 'secrets' }],
  });
  expect(answer).toMatchObject({
    user: 'system:serviceaccount:kube-system:a',
    missing: [],
    excess: [{ verb: 'list', resource: 'secrets' }],
    bindings: ['ClusterRoleBinding oops gives Group system:serviceaccounts the role all'],
  });
  expect(asked.filter(({ path }) => path === review).map(({ body }) => body)).toMatchObject([
    { spec: { resourceAttributes: { verb: 'patch', resource: 'nodes', subresource: 'status' } } },
    { spec: { resourceAttributes: { verb: 'list', resource: 'secrets' } } },
  ]);
});
