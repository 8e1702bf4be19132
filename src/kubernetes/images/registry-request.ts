import http from 'node:http';
import https from 'node:https';
import { rootCertificates } from 'node:tls';

/** How a registry is spoken to. */
export interface RegistryAccess {
  readonly plainHttp: boolean;
  /** Certificates (PEM) of those who vouch for it, besides the known ones. */
  readonly ca?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Without a byte going either way for so long, it is given up. */
const silenceMs = 30_000;
const longestAnswer = 1 << 20;

/** One request; not with `fetch`, which takes no certificates of its own. Rejects where no whole answer comes. */
export function sendOnce(
  url: URL,
  { method, headers = {}, body }: RegistryRequest,
  { plainHttp, ca }: RegistryAccess,
): Promise<RegistryAnswer> {
  if (url.protocol !== 'https:' && !plainHttp)
    return Promise.reject(new Error(`it sends us to ${url.origin}, which is not encrypted`));
  const options = {
    method,
    headers: { ...headers, 'content-length': String(body?.length ?? 0) },
    timeout: silenceMs,
    agent: false,
  } as const;
  return new Promise((resolve, reject) => {
    const read = (answer: http.IncomingMessage): void => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
        if (text.length > longestAnswer) answer.destroy(new Error('it answers without end'));
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    };
    const trusted = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
    const request =
      url.protocol === 'https:'
        ? https.request(url, { ...options, ...trusted }, read)
        : http.request(url, options, read);
    request.on('timeout', () => request.destroy(new Error(`it was silent for ${silenceMs / 1000} s`)));
    request.on('error', reject);
    request.end(body);
  });
}
