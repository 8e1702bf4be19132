import { verify } from 'node:crypto';
import ssh2 from 'ssh2';
import { fingerprint, globMatches } from './known-hosts.ts';
import { openFields, toField } from './ssh-fields.ts';

/** A certificate of OpenSSH (PROTOCOL.certkeys). */
export interface SshCertificate {
  /** The public key it is about, as it would stand in known_hosts. */
  readonly key: Buffer;
  readonly isForHost: boolean;
  readonly principals: readonly string[];
  /** Seconds since 1970; the second is the first one in which it does not hold any more. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly string[];
  readonly authority: Buffer;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** How many fields a public key has after its type. */
const keyFields: Readonly<Record<string, number>> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
};

/** Throws what is wrong with it. */
export function parseCertificate(bytes: Buffer): SshCertificate {
  const fields = openFields(bytes);
  const certificateType = fields.text();
  const type = certificateType.replace(/-cert-v01@openssh\.com$/, '');
  const count = keyFields[type];
  if (type === certificateType || count === undefined) throw new Error(`${certificateType} is not a certificate`);
  fields.bytes(); // a nonce
  const keyStart = fields.position();
  for (let field = 0; field < count; field += 1) fields.bytes();
  const key = Buffer.concat([toField(type), bytes.subarray(keyStart, fields.position())]);
  fields.number64(); // a serial number
  const isForHost = fields.number32() === 2;
  fields.bytes(); // a name for the certificate
  const principals = listFields(fields.bytes());
  const [validAfter, validBefore] = [fields.number64(), fields.number64()];
  const criticalOptions = listFields(fields.bytes()).filter((_, index) => index % 2 === 0);
  fields.bytes(); // extensions, which hosts have none of
  fields.bytes(); // reserved
  const authority = fields.bytes();
  const signed = bytes.subarray(0, fields.position());
  const signature = fields.bytes();
  if (fields.position() !== bytes.length) throw new Error('there is something behind the certificate');
  return { key, isForHost, principals, validAfter, validBefore, criticalOptions, authority, signed, signature };
}

function listFields(bytes: Buffer): string[] {
  const fields = openFields(bytes);
  const list: string[] = [];
  while (fields.position() < bytes.length) list.push(fields.text());
  return list;
}

/** Signature algorithm → hash, for those that OpenSSH takes from an authority: none with SHA-1. */
const hashes: Readonly<Record<string, { keyType: string; hash: string | null; numberBytes?: number }>> = {
  'ssh-ed25519': { keyType: 'ssh-ed25519', hash: null },
  'rsa-sha2-256': { keyType: 'ssh-rsa', hash: 'sha256' },
  'rsa-sha2-512': { keyType: 'ssh-rsa', hash: 'sha512' },
  'ecdsa-sha2-nistp256': { keyType: 'ecdsa-sha2-nistp256', hash: 'sha256', numberBytes: 32 },
  'ecdsa-sha2-nistp384': { keyType: 'ecdsa-sha2-nistp384', hash: 'sha384', numberBytes: 48 },
  'ecdsa-sha2-nistp521': { keyType: 'ecdsa-sha2-nistp521', hash: 'sha512', numberBytes: 66 },
};

/** Why the signature does not count. */
function refuseSignature({ authority, signed, signature }: SshCertificate): string | undefined {
  const fields = openFields(signature);
  const algorithm = fields.text();
  const type = openFields(authority).text();
  const known = hashes[algorithm];
  if (known?.keyType !== type) return `it is signed with ${algorithm} by a key of type ${type}, which is not accepted`;
  const key = ssh2.utils.parseKey(`${type} ${authority.toString('base64')}`);
  if (key instanceof Error) return `the key of its authority cannot be read: ${key.message}`;
  const { hash, numberBytes } = known;
  const numbers = fields.bytes();
  const raw = numberBytes === undefined ? numbers : joinNumbers(numbers, numberBytes);
  const holds = verify(hash, signed, { key: key.getPublicPEM(), dsaEncoding: 'ieee-p1363' }, raw);
  return holds ? undefined : 'its signature is not that of its authority';
}

/** The two numbers of an ECDSA signature, each of the same length, as node:crypto takes them. */
function joinNumbers(bytes: Buffer, length: number): Buffer {
  const fields = openFields(bytes);
  const pad = (number: Buffer) => Buffer.concat([Buffer.alloc(length), number]).subarray(-length);
  return Buffer.concat([pad(fields.bytes()), pad(fields.bytes())]);
}

const timeOf = (seconds: bigint): string => {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? 'a time out of reach' : date.toISOString().replace('.000Z', 'Z');
};

/** Why it does not vouch for the host of that name, as OpenSSH 10 judges it; undefined if it does. */
export function refuseCertificate(
  certificate: SshCertificate,
  { authorities, name, now }: { readonly authorities: readonly Buffer[]; readonly name: string; readonly now: Date },
): string | undefined {
  const { authority, isForHost, principals, validAfter, validBefore, criticalOptions } = certificate;
  if (!authorities.some((one) => one.equals(authority)))
    return `another authority signed it: ${openFields(authority).text()} ${fingerprint(authority)}`;
  // nothing else in it is worth a look, or a word, before this
  const forgery = refuseSignature(certificate);
  if (forgery !== undefined) return forgery;
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  if (!isForHost) return 'it is one for users, not for hosts';
  if (seconds < validAfter) return `it does not hold before ${timeOf(validAfter)}`;
  if (seconds >= validBefore) return `it expired at ${timeOf(validBefore)}`;
  if (principals.length === 0) return 'it names no host';
  if (!principals.some((pattern) => globMatches(pattern, name, 'exact case')))
    return `it is for ${principals.join(', ')}, not for ${name}`;
  if (criticalOptions.length > 0)
    return `it has a critical option that is not understood: ${criticalOptions.join(', ')}`;
  return undefined;
}
