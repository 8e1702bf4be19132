import { createHash, createHmac, randomBytes } from 'node:crypto';

/** One line of an OpenSSH known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
interface KnownHost {
  readonly marker: '@revoked' | '@cert-authority' | undefined;
  readonly patterns: string;
  readonly type: string;
  /** The public key, base64 as it stands in the file. */
  readonly key: string;
  /** The file with the number of the line: `file:line`. */
  readonly place: string;
}

export interface KnownHostsText {
  readonly file: string;
  readonly text: string;
}

export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** A line about one name. */
export interface KnownKey {
  readonly type: string;
  readonly key: Buffer;
  readonly place: string;
  /** Not in the file itself: an authority in that line vouches for it. */
  readonly isCertified?: true;
}

/** What known_hosts files say about one name. */
export interface KnownHostKeys {
  /** Key types known for it, the ones to offer first. */
  readonly types: readonly string[];
  readonly keys: readonly KnownKey[];
  /** Those whose signature under a certificate makes a host key known, unless they are revoked. */
  readonly authorities: readonly KnownKey[];
  /** Why the certificate of the host does not make its key known. */
  readonly certificateRefusal?: string;
  check(key: Buffer): HostKeyVerdict;
}

function parseLine(line: string, place: string): KnownHost | undefined {
  const words = line.trim().split(/\s+/);
  const first = words[0] ?? '';
  if (first === '' || first.startsWith('#')) return undefined;
  const marker = first === '@revoked' || first === '@cert-authority' ? first : undefined;
  const [patterns, type, key] = marker ? words.slice(1) : words;
  return patterns && type && key ? { marker, patterns, type, key, place } : undefined;
}

export function globMatches(pattern: string, name: string, exactness: 'any case' | 'exact case'): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, exactness === 'any case' ? 'i' : '').test(name);
}

const isHashed = (patterns: string): boolean => patterns.startsWith('|1|');

/** As `HashKnownHosts yes` has OpenSSH write a name. */
export const hashName = (name: string, salt = randomBytes(20)): string =>
  `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;

function matches(patterns: string, name: string): boolean {
  if (isHashed(patterns)) return patterns === hashName(name, Buffer.from(patterns.split('|')[2] ?? '', 'base64'));
  const list = patterns.split(',');
  if (list.some((pattern) => pattern.startsWith('!') && globMatches(pattern.slice(1), name, 'any case'))) return false;
  return list.some((pattern) => !pattern.startsWith('!') && globMatches(pattern, name, 'any case'));
}

/** The name OpenSSH files a host under: bare on port 22, else `[host]:port`. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;

/** As `ssh-keygen -l` prints it. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** The type a public key names in its own first field. */
export const keyType = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');

const toKnownKey = ({ type, key, place }: KnownHost): KnownKey => ({ type, key: Buffer.from(key, 'base64'), place });

/**
 * `name` is what `knownHostName` makes of address and port, or an alias.
 * `bareName` is that without the port: authorities and revoked keys that stand under it count as well, and where no line
 * has the name with its port, keys that stand under it are known; others are not changed ones. As with OpenSSH.
 */
export function lookUpKnownHost(files: readonly KnownHostsText[], name: string, bareName = name): KnownHostKeys {
  const entries = files
    .flatMap(({ file, text }) => text.split('\n').map((line, index) => parseLine(line, `${file}:${index + 1}`)))
    .filter((entry) => entry !== undefined)
    .map((entry) => ({ ...entry, isNamed: matches(entry.patterns, name) }))
    .filter(({ patterns, isNamed }) => isNamed || matches(patterns, bareName));
  const marked = (marker: KnownHost['marker']) => entries.filter((entry) => entry.marker === marker);
  const revoked = new Set(marked('@revoked').map((entry) => entry.key));
  const plain = marked(undefined).filter(({ isNamed }) => isNamed);
  const trusted = plain.length > 0 ? plain : marked(undefined);
  return {
    types: [...new Set(trusted.map((entry) => entry.type))],
    keys: plain.map(toKnownKey),
    authorities: marked('@cert-authority').map(toKnownKey),
    check(key) {
      const encoded = key.toString('base64');
      if (revoked.has(encoded)) return 'revoked';
      if (trusted.some((entry) => entry.key === encoded)) return 'known';
      return plain.length > 0 ? 'changed' : 'unknown';
    },
  };
}

/** What a file says without the keys of one name; `wasHashed` where it was not written in plain. */
export interface Forgotten {
  readonly text: string;
  readonly wasHashed: boolean;
}

/**
 * Takes a name off the lines of keys: one that stands alone goes with its line, others of the line keep theirs, and a
 * pattern is told to leave it out. Lines with a marker stay.
 */
export function forgetHost(text: string, name: string): Forgotten {
  let wasHashed = false;
  const lines = text.split('\n').flatMap((line) => {
    const [, indent = '', patterns = '', rest = ''] = /^(\s*)([^\s#@]\S*)(\s.*)$/s.exec(line) ?? [];
    if (patterns === '' || !matches(patterns, name)) return [line];
    if (isHashed(patterns)) {
      wasHashed = true;
      return [];
    }
    const others = patterns.split(',').filter((pattern) => pattern.toLowerCase() !== name);
    if (others.every((pattern) => pattern.startsWith('!'))) return [];
    const left = others.join(',');
    return [`${indent}${matches(left, name) ? `${left},!${name}` : left}${rest}`];
  });
  return { text: lines.join('\n'), wasHashed };
}
