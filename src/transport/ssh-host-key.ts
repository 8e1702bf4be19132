import { ProvisionError } from '../errors.ts';
import { type KnownHostKeys, keyType, knownHostName, lookUpKnownHost } from './known-hosts.ts';
import { readKnownHosts, recordHostKey, replaceHostKey } from './known-hosts-file.ts';
import { parseCertificate, refuseCertificate, type SshCertificate } from './ssh-certificate.ts';
import * as failures from './ssh-errors.ts';
import { principalOf, type SshTarget } from './ssh-target.ts';

export const hostKeyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

/** Known key types first, as OpenSSH does: else a host known by its RSA key answers with another and looks like an impostor. */
export function orderTypes(knownTypes: readonly string[]): string[] {
  const known = knownTypes.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]));
  const supported = known.filter((type) => (hostKeyTypes as readonly string[]).includes(type));
  return [...supported, ...hostKeyTypes.filter((type) => !supported.includes(type))];
}

/** The check of the host key of one connection. */
export interface HostKeyCheck {
  readonly order: readonly string[];
  readonly verify: (key: Buffer) => boolean;
  /** Why the key was refused, once it was. */
  refusal(): ProvisionError | undefined;
  /** Records a key that was accepted for the first time. */
  record(): Promise<void>;
}

export const nameOf = (target: SshTarget): string =>
  target.hostKeyAlias?.toLowerCase() ?? knownHostName(target.address, target.port);

export async function lookUpTarget(target: SshTarget): Promise<KnownHostKeys> {
  const files = await Promise.all(
    target.knownHostsFiles.map((file) =>
      readKnownHosts(file).catch((cause) => {
        throw failures.knownHostsUnusable(target.name, file, cause);
      }),
    ),
  );
  return lookUpKnownHost(files, nameOf(target), principalOf(target).toLowerCase());
}

/** True for a host that known_hosts knows by nothing but authorities. */
export const needsCertificate = ({ keys, authorities }: KnownHostKeys): boolean =>
  keys.length === 0 && authorities.length > 0;

/** Takes the key in the certificate that the host shows for a known one, if it holds; else the host stays unknown, as with OpenSSH. */
export function certify(target: SshTarget, known: KnownHostKeys, shown: Buffer | undefined): KnownHostKeys {
  const refuse = (certificateRefusal: string): KnownHostKeys => ({ ...known, certificateRefusal });
  if (!shown) return refuse('it shows none');
  let certificate: SshCertificate;
  let refusal: string | undefined;
  try {
    certificate = parseCertificate(shown);
    if (known.check(certificate.authority) === 'revoked')
      throw failures.authorityRevoked(target, nameOf(target), certificate.authority);
    const authorities = known.authorities.map(({ key }) => key);
    refusal = refuseCertificate(certificate, { authorities, name: principalOf(target), now: new Date() });
  } catch (error) {
    if (error instanceof ProvisionError) throw error;
    return refuse(`it cannot be read: ${(error as Error).message}`);
  }
  if (refusal !== undefined) return refuse(refusal);
  const { key, authority } = certificate;
  const place = known.authorities.find((one) => one.key.equals(authority))?.place ?? '';
  return {
    ...known,
    types: [keyType(key)],
    keys: [{ type: keyType(key), key, place, isCertified: true }],
    check(offered) {
      if (known.check(offered) === 'revoked') return 'revoked';
      return offered.equals(key) ? 'known' : 'changed';
    },
  };
}

export function checkHostKey(target: SshTarget, known: KnownHostKeys, acceptsNew: boolean): HostKeyCheck {
  const name = nameOf(target);
  const [file] = target.knownHostsFiles;
  const { acceptedHostKey } = target;
  let refusal: ProvisionError | undefined;
  let accepted: Buffer | undefined;
  return {
    order: orderTypes(acceptedHostKey ? [keyType(acceptedHostKey)] : known.types),
    verify(key) {
      const verdict = known.check(key);
      const isAccepted = acceptedHostKey?.equals(key);
      if (verdict === 'known' && isAccepted !== false) return true;
      if (acceptedHostKey ? isAccepted && verdict !== 'revoked' : verdict === 'unknown' && acceptsNew) {
        accepted = key;
        return true;
      }
      refusal = failures.hostKeyError(target, name, key, verdict, known);
      return false;
    },
    refusal: () => refusal,
    async record() {
      if (!accepted || file === undefined || target.recordsNoKeys) return;
      const record = acceptedHostKey ? replaceHostKey : recordHostKey;
      await record(file, name, accepted).catch((cause) => {
        throw failures.knownHostsUnusable(target.name, file, cause);
      });
    },
  };
}
