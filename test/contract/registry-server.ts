import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface Options {
  /** How it asks who somebody is: not at all, with a password, or with a token that it gives for one. */
  readonly asks?: 'basic' | 'bearer';
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Answers instead of the registry where it returns a status. */
  readonly instead?: (request: IncomingMessage) => number | undefined;
  /** What it says of where an upload goes on. */
  readonly location?: (path: string) => string;
}

export interface RegistryServer {
  readonly address: string;
  /** METHOD PATH of everything that was asked, in order. */
  readonly asked: string[];
  /** The header Authorization of all requests. */
  readonly authorizations: string[];
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Buffer>;
}

export const user = 'somebody';
export const password = 'registry-secret';
const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** As much of a registry as an image is pushed to, gone after the test; a real one takes its place in the lab. */
export async function startRegistryServer(options: Options = {}): Promise<RegistryServer> {
  const state = { asked: [] as string[], authorizations: [] as string[] };
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  let address = '';
  const digestOf = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = '', headers } = request;
    const url = new URL(request.url ?? '', 'http://x');
    const end = (status: number, more: Record<string, string> = {}, text = '') =>
      response.writeHead(status, more).end(method === 'HEAD' ? undefined : text);
    state.authorizations.push(headers.authorization ?? '');
    if (url.pathname === '/token')
      return void (headers.authorization === basic
        ? end(200, {}, JSON.stringify({ token: `for ${url.searchParams.get('scope')}` }))
        : end(401));
    state.asked.push(`${method} ${url.pathname}`);
    const status = options.instead?.(request);
    if (status !== undefined) return void end(status, {}, 'instead');
    const scope = `repository:app/x:${method === 'HEAD' ? 'pull' : 'pull,push'}`;
    if (options.asks === 'basic' && headers.authorization !== basic)
      return void end(401, { 'www-authenticate': 'Basic realm="r"' });
    if (options.asks === 'bearer' && headers.authorization !== `Bearer for ${scope}`)
      return void end(401, {
        'www-authenticate': `Bearer realm="http://${address}/token",service="s",scope="${scope}"`,
      });
    const [, kind, name = ''] = /^\/v2\/app\/x\/(blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'manifests' && method === 'PUT') {
      manifests.set(name, body);
      return void end(201);
    }
    if (kind === 'manifests') {
      const manifest = manifests.get(name);
      return void (manifest ? end(200, { 'docker-content-digest': digestOf(manifest) }) : end(404));
    }
    if (method === 'HEAD') return void end(blobs.has(name) ? 200 : 404);
    if (method === 'POST')
      return void end(202, { location: (options.location ?? ((path) => path))('/v2/app/x/blobs/uploads/1?state=a') });
    const digest = url.searchParams.get('digest') ?? '';
    if (digest !== digestOf(body)) return void end(400, {}, 'DIGEST_INVALID');
    blobs.set(digest, body);
    return void end(201);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const server: Server = options.tls ? createSecureServer(options.tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => void server.close());
  return { address, ...state, blobs, manifests };
}
