import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Manifest } from '../../src/kubernetes/cluster/manifest.ts';

/** Of kinds that tests have. */
const plurals: Readonly<Record<string, string>> = { ServiceAccount: 'serviceaccounts' };

const pathOf = ({ kind, metadata }: Manifest): string =>
  `/api/v1/namespaces/${metadata.namespace}/${plurals[kind]}/${metadata.name}`;

/** An API without Nodes that keeps objects, with a kubeconfig for it; gone after the test. */
export async function startCluster(kubeconfig: string) {
  const objects = new Map<string, unknown>();
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { method = '' } = request;
    const { pathname: path } = new URL(request.url ?? '', 'http://api');
    asked.push(`${method} ${path}`);
    const body = request.headers['content-length'] === undefined ? undefined : await json(request);
    const answer = (status: number, content: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (method === 'POST') {
      const { metadata } = body as Manifest;
      const made = { ...(body as Manifest), metadata: { ...metadata, uid: 'u', resourceVersion: '1' } };
      objects.set(`${path}/${metadata.name}`, made);
      return answer(201, made);
    }
    const found = objects.get(path);
    if (method === 'GET' && /\/(nodes|leases|services|endpoints)$/.test(path)) return answer(200, { items: [] });
    if (found === undefined) return answer(404, { kind: 'Status', message: 'not found', code: 404 });
    if (method === 'DELETE') objects.delete(path);
    return answer(200, found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // the client speaks no HTTP otherwise
  const cluster = { server: address, 'certificate-authority-data': 'UEVN', 'insecure-skip-tls-verify': true };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user: {} }],
      'current-context': 'c',
    }),
  );
  return {
    asked,
    has: (object: Manifest): boolean => objects.has(pathOf(object)),
    make(object: Manifest): void {
      const metadata = { ...object.metadata, uid: 'u', resourceVersion: '1' };
      objects.set(pathOf(object), { ...object, metadata });
    },
  };
}
