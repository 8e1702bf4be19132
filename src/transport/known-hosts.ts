import { createHash, createHmac } from 'node:crypto';

/** One line of an OpenSSH known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
interface KnownHost {
  readonly marker: '@revoked' | '@cert-authority' | undefined;
  readonly patterns: string;
  readonly type: string;
  /** The public key, base64 as it stands in the file. */
  readonly key: string;
}

export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** What a known_hosts file says about one address. */
export interface KnownHostKeys {
  /** Key types known for it, the ones to offer first. */
  readonly types: readonly string[];
  readonly fingerprints: readonly string[];
  check(key: Buffer): HostKeyVerdict;
}

function parseLine(line: string): KnownHost | undefined {
  const words = line.trim().split(/\s+/);
  const first = words[0] ?? '';
  if (first === '' || first.startsWith('#')) return undefined;
  const marker = first === '@revoked' || first === '@cert-authority' ? first : undefined;
  const [patterns, type, key] = marker ? words.slice(1) : words;
  return patterns && type && key ? { marker, patterns, type, key } : undefined;
}

function globMatches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(name);
}

function matches(patterns: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(patterns);
  if (hashed?.[1] !== undefined && hashed[2] !== undefined) {
    return createHmac('sha1', Buffer.from(hashed[1], 'base64')).update(name).digest('base64') === hashed[2];
  }
  const list = patterns.split(',');
  if (list.some((pattern) => pattern.startsWith('!') && globMatches(pattern.slice(1), name))) return false;
  return list.some((pattern) => !pattern.startsWith('!') && globMatches(pattern, name));
}

/** The name OpenSSH files a host under: bare on port 22, else `[host]:port`. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;

/** As `ssh-keygen -l` prints it. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** The type a public key names in its own first field. */
export const keyType = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');

export function lookUpKnownHost(text: string, address: string, port: number): KnownHostKeys {
  const name = knownHostName(address, port);
  const entries = text
    .split('\n')
    .map(parseLine)
    .filter((entry) => entry !== undefined)
    .filter((entry) => matches(entry.patterns, name));
  const revoked = new Set(entries.filter((entry) => entry.marker === '@revoked').map((entry) => entry.key));
  const plain = entries.filter((entry) => entry.marker === undefined);
  return {
    types: [...new Set(plain.map((entry) => entry.type))],
    fingerprints: plain.map((entry) => `${entry.type} ${fingerprint(Buffer.from(entry.key, 'base64'))}`),
    check(key) {
      const encoded = key.toString('base64');
      if (revoked.has(encoded)) return 'revoked';
      if (plain.some((entry) => entry.key === encoded)) return 'known';
      return plain.length > 0 ? 'changed' : 'unknown';
    },
  };
}
