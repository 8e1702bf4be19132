import { type RegistryAccess, type RegistryAnswer, sendOnce } from './registry-request.ts';

/** What a registry wants to see, of its header WWW-Authenticate. */
interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export function readChallenge(header: string | undefined): Challenge {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s*(.*)$/.exec(header ?? '') ?? [];
  const pairs = [...rest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)];
  return {
    scheme: scheme.toLowerCase(),
    parameters: new Map(pairs.map(([, name = '', quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? ''])),
  };
}

/** The header Authorization that answers a 401; undefined where there is nothing to answer it with. */
export async function answerChallenge(
  { headers }: RegistryAnswer,
  access: RegistryAccess,
): Promise<string | undefined> {
  const { scheme, parameters } = readChallenge(headers['www-authenticate']);
  const { user, password } = access;
  const basic =
    user === undefined || password === undefined
      ? undefined
      : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  if (scheme === 'basic') return basic;
  const realm = parameters.get('realm');
  if (scheme !== 'bearer' || realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = parameters.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const headersOut = basic === undefined ? {} : { authorization: basic };
  const { status, text } = await sendOnce(url, { method: 'GET', headers: headersOut }, access);
  if (status !== 200) return undefined;
  const { token, access_token: other } = JSON.parse(text) as { token?: string; access_token?: string };
  return token || other ? `Bearer ${token || other}` : undefined;
}
