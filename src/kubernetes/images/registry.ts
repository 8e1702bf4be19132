import { ProvisionError } from '../../errors.ts';
import { answerChallenge } from './registry-login.ts';
import { type RegistryAccess, type RegistryAnswer, type RegistryRequest, sendOnce } from './registry-request.ts';
import type { Blob, Image, ImageReference } from './write-image.ts';

/** Where an image of ours is, or is to be: the Distribution API of OCI, of which this much is needed. */
export interface Registry {
  /** Whether it has that image under its name, with the very same bytes. */
  has(image: ImageReference): Promise<boolean>;
  /** Sends what it has not got of it; resolves to how many bytes that were. */
  push(image: Image, progress: (detail: string) => void): Promise<number>;
}

/** Every method throws REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_REFUSED. */
export function openRegistry(access: RegistryAccess): Registry {
  let authorization: string | undefined;

  async function ask(home: URL, url: URL, request: RegistryRequest): Promise<RegistryAnswer> {
    const send = (): Promise<RegistryAnswer> => {
      const isAtHome = url.origin === home.origin;
      const headers = { ...request.headers, ...(isAtHome && authorization !== undefined && { authorization }) };
      return sendOnce(url, { ...request, headers }, access);
    };
    try {
      const first = await send();
      if (first.status !== 401) return first;
      authorization = await answerChallenge(first, access);
      return authorization === undefined ? first : await send();
    } catch (cause) {
      throw unreachable(home, cause as Error);
    }
  }

  async function expect(home: URL, url: URL, request: RegistryRequest, ...wanted: readonly number[]) {
    const answer = await ask(home, url, request);
    if (wanted.includes(answer.status)) return answer;
    throw refused(home, request, url, answer, access);
  }

  async function has(image: ImageReference): Promise<boolean> {
    const { home, at, tag } = placeOf(image, access);
    const headers = { accept: image.manifest.mediaType };
    const { status, headers: said } = await expect(home, at(`manifests/${tag}`), { method: 'HEAD', headers }, 200, 404);
    return status === 200 && said['docker-content-digest'] === image.manifest.digest;
  }

  /** Whether it had to be sent. */
  async function sendBlob(image: Image, { digest, bytes }: Blob): Promise<boolean> {
    const { home, at } = placeOf(image, access);
    // where it would lead us elsewhere for the content, it has it
    const { status } = await expect(home, at(`blobs/${digest}`), { method: 'HEAD' }, 200, 307, 404);
    if (status !== 404) return false;
    const { headers } = await expect(home, at('blobs/uploads/'), { method: 'POST' }, 202);
    const url = new URL(headers.location ?? '', at('blobs/uploads/'));
    // some know nothing of the TLS in front of them
    if (url.host === home.host) url.protocol = home.protocol;
    url.searchParams.set('digest', digest);
    const type = { 'content-type': 'application/octet-stream' };
    await expect(home, url, { method: 'PUT', headers: type, body: bytes }, 201);
    return true;
  }

  return {
    has,
    async push(image, progress) {
      const { home, at, tag } = placeOf(image, access);
      let sent = 0;
      for (const [index, blob] of image.parts.entries()) {
        progress(`part ${index + 1} of ${image.parts.length} to ${home.host}`);
        if (await sendBlob(image, blob)) sent += blob.bytes.length;
      }
      const { mediaType, bytes } = image.manifest;
      const request = { method: 'PUT', headers: { 'content-type': mediaType }, body: bytes } as const;
      const answer = await expect(home, at(`manifests/${tag}`), request, 201);
      if (!(await has(image))) throw refused(home, request, at(`manifests/${tag}`), answer, access);
      return sent + bytes.length;
    },
  };
}

function placeOf({ name }: ImageReference, { plainHttp }: RegistryAccess) {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:/]+)$/.exec(name) ?? [];
  const home = new URL(`${plainHttp ? 'http' : 'https'}://${host}`);
  return { home, tag, at: (path: string) => new URL(`/v2/${repository}/${path}`, home) };
}

const unreachable = (home: URL, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'REGISTRY_UNREACHABLE',
    kind: 'connection',
    what: `the registry ${home.host} cannot be spoken to`,
    why: [cause.message, 'code' in cause ? String(cause.code) : ''].filter(Boolean).join(' '),
    fix: 'See that it runs and is reached from here. Certificates of a CA of your own belong into images.ca; images.plain_http is for one without TLS.',
    cause,
  });

function refused(
  home: URL,
  { method }: RegistryRequest,
  { pathname }: URL,
  { status, text }: RegistryAnswer,
  { user }: RegistryAccess,
): ProvisionError {
  const isDenied = status === 401 || status === 403;
  const said = `${method} ${pathname}: ${status} ${text.trim().slice(0, 300)}`.trim();
  if (isDenied)
    return new ProvisionError({
      code: 'REGISTRY_DENIED',
      kind: 'operation',
      what: `the registry ${home.host} does not let ${user ?? 'somebody without a name'} do this`,
      why: said,
      fix: 'Write images.user and images.password of somebody who may push there.',
    });
  return new ProvisionError({
    code: 'REGISTRY_REFUSED',
    kind: 'operation',
    what: `the registry ${home.host} does not take the image`,
    why: said,
    fix: 'See what its own log says; then run again: what it has got is not sent again.',
  });
}
