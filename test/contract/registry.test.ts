import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ProvisionError } from '../../src/errors.ts';
import { openRegistry } from '../../src/kubernetes/images/registry.ts';
import type { RegistryAccess } from '../../src/kubernetes/images/registry-request.ts';
import { makeImage } from '../../src/kubernetes/images/write-image.ts';
import { password, type RegistryServer, startRegistryServer, user } from './registry-server.ts';

const imageAt = ({ address }: Pick<RegistryServer, 'address'>) =>
  makeImage(`${address}/app/x:1`, 'amd64', [Buffer.from('one'), Buffer.from('two')]);
const open = (more: Partial<RegistryAccess> = {}) => openRegistry({ plainHttp: true, ...more });
const failure = async (work: Promise<unknown>): Promise<ProvisionError> => {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof ProvisionError)) throw error;
  return error;
};
const ignore = () => {};

test.each([undefined, 'basic', 'bearer'] as const)('an image goes to a registry that asks for %s', async (asks) => {
  const server = await startRegistryServer(asks ? { asks } : {});
  const image = imageAt(server);
  const registry = open(asks ? { user, password } : {});
  expect(await registry.has(image)).toBe(false);
  expect(server.asked.every((line) => line.startsWith('HEAD'))).toBe(true);
  await registry.push(image, ignore);
  expect(server.manifests.get('1')?.equals(image.manifest.bytes)).toBe(true);
  for (const { digest, bytes } of image.parts) expect(server.blobs.get(digest)?.equals(bytes)).toBe(true);
  expect(await registry.has(image)).toBe(true);
});

test('what it has is not sent again', async () => {
  const server = await startRegistryServer();
  const image = imageAt(server);
  const [config, first] = image.parts;
  for (const part of [config, first]) if (part) server.blobs.set(part.digest, part.bytes);
  const sent = await open().push(image, ignore);
  expect(sent).toBe('two'.length + image.manifest.bytes.length);
  expect(server.asked.filter((line) => line.startsWith('POST'))).toHaveLength(1);
});

test('a tag that stands for other bytes is not the image', async () => {
  const server = await startRegistryServer();
  const image = imageAt(server);
  server.manifests.set('1', Buffer.from('other'));
  expect(await open().has(image)).toBe(false);
  await open().push(image, ignore);
  expect(await open().has(image)).toBe(true);
});

test.each(['basic', 'bearer'] as const)('a wrong password, %s, is an error that does not say it', async (asks) => {
  const server = await startRegistryServer({ asks });
  const error = await failure(open({ user, password: 'wrong-secret' }).has(imageAt(server)));
  expect(error.code).toBe('REGISTRY_DENIED');
  expect(JSON.stringify([error.what, error.why, error.fix])).not.toContain('wrong-secret');
  expect((await failure(open().has(imageAt(server)))).what).toContain('somebody without a name');
});

test('a registry that is not there, or refuses, is said with its own words', async () => {
  const gone = await failure(open().has(imageAt({ address: '127.0.0.1:1' })));
  expect([gone.code, gone.why]).toEqual(['REGISTRY_UNREACHABLE', expect.stringContaining('ECONNREFUSED')]);
  const server = await startRegistryServer({ instead: ({ method }) => (method === 'PUT' ? 507 : undefined) });
  const refused = await failure(open().push(imageAt(server), ignore));
  expect(refused.code).toBe('REGISTRY_REFUSED');
  expect(refused.why).toMatch(/^PUT \/v2\/app\/x\/blobs\/uploads\/1: 507 instead$/);
});

test('the password goes to the registry alone, also when it leads elsewhere for the content', async () => {
  const other = await startRegistryServer();
  const server = await startRegistryServer({ asks: 'basic', location: (path) => `http://${other.address}${path}` });
  const image = imageAt(server);
  await open({ user, password }).push(image, ignore);
  expect(other.blobs.size).toBe(image.parts.length);
  expect(other.authorizations.filter(Boolean)).toEqual([]);
});

function certificate(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'provision-registry-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-noenc', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

test('TLS is verified: with the certificates of the inventory, and with them alone', async () => {
  const tls = certificate();
  const server = await startRegistryServer({ tls });
  const unknown = await failure(open({ plainHttp: false }).has(imageAt(server)));
  expect([unknown.code, unknown.why]).toEqual(['REGISTRY_UNREACHABLE', expect.stringContaining('self-signed')]);
  expect(server.asked).toEqual([]);
  const registry = open({ plainHttp: false, ca: tls.cert });
  await registry.push(imageAt(server), ignore);
  expect(await registry.has(imageAt(server))).toBe(true);
});

test('no registry leads from TLS to somewhere without it', async () => {
  const tls = certificate();
  const server = await startRegistryServer({ tls, location: (path) => `http://127.0.0.2:1${path}` });
  const error = await failure(open({ plainHttp: false, ca: tls.cert }).push(imageAt(server), ignore));
  expect(error.why).toContain('http://127.0.0.2:1, which is not encrypted');
});
