import { ProvisionError } from '../errors.ts';
import type { CertificateRequest, Sign } from '../kubernetes/identity/issue-certificate.ts';
import { readFailure } from '../operations/failure.ts';
import { ShellScript, sh } from '../shell.ts';
import type { Host } from './host.ts';

/** A CA whose key stays on a host, which signs with openssl. */
interface DistantAuthority {
  readonly host: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** The CA that the certificates of nodes are of, here or on a host. */
export type Authority = { readonly certificate: string; readonly sign: Sign } | DistantAuthority;

type Hosts = ReadonlyMap<string, Pick<Host, 'facts' | 'trip'>>;

/** The CA's certificate, PEM; undefined where its host was not reached, or has no such file. */
export function certificateOf(authority: Authority | undefined, hosts: Hosts): string | undefined {
  if (authority === undefined || 'certificate' in authority) return authority?.certificate;
  return hosts.get(authority.host)?.facts.certificates.get(authority.certificateFile);
}

/** A certificate, PEM. Throws CA_UNREACHABLE, CA_UNUSABLE, KEY_UNREADABLE, OPENSSL_MISSING. */
export async function signCertificate(
  request: CertificateRequest,
  authority: Authority | undefined,
  hosts: Hosts,
): Promise<string> {
  const certificate = certificateOf(authority, hosts);
  if (authority === undefined || certificate === undefined) throw unreachable(authority);
  // what makes certificates costs every start a tenth of a second
  const { issueCertificate } = await import('../kubernetes/identity/issue-certificate.ts');
  if ('certificate' in authority) return issueCertificate(request, certificate, authority.sign);
  return issueCertificate(request, certificate, (bytes) => signOnHost(bytes, authority, hosts.get(authority.host)));
}

const signing = ShellScript.trusted(`
# sign_bytes KEY BASE64
sign_bytes() {
  command -v openssl >/dev/null ||
    fail OPENSSL_MISSING 'there is no openssl to sign with' 'Install openssl on this host, or bring the CA to the machine provision runs on: identity.ca of the inventory.'
  [ -r "$1" ] || fail CA_UNREACHABLE "there is no file $1" 'Correct identity.ca_on_host.key of the inventory.'
  echo "signature $(printf %s "$2" | base64 -d | openssl dgst -sha256 -sign "$1" -passin pass: | base64 -w 0)"
}
`);

/** Only what is to be signed travels there, and the signature back. */
async function signOnHost(
  bytes: Uint8Array,
  { host, keyFile }: DistantAuthority,
  reached: Pick<Host, 'trip'> | undefined,
): Promise<Uint8Array> {
  const source = `set -u\n${signing.source}\n${sh`sign_bytes ${keyFile} ${Buffer.from(bytes).toString('base64')}`.source}`;
  const answers = await reached?.trip({ items: [{ id: 'sign', kind: 'probe', timeoutSeconds: 30, source }] });
  const answer = answers?.get('sign');
  const signature = /^signature (\S+)$/m.exec(answer?.stdout ?? '')?.[1];
  if (answer?.code === 0 && signature !== undefined) return Buffer.from(signature, 'base64');
  const named = readFailure(answer?.stderr ?? '');
  throw new ProvisionError({
    code: named?.code ?? 'CA_UNUSABLE',
    kind: 'operation',
    what: `${host}: ${named?.what ?? 'openssl did not sign with the key of the CA'}`,
    where: `${host}:${keyFile}`,
    ...(named ? {} : { why: answer?.stderr || 'no answer' }),
    fix: named?.fix ?? 'See that the file is a private key without a passphrase; then run again.',
  });
}

const unreachable = (authority: Authority | undefined): ProvisionError =>
  new ProvisionError({
    code: 'CA_UNREACHABLE',
    kind: 'operation',
    what: 'the certificate of the CA is not at hand',
    ...(authority && 'host' in authority && { where: `${authority.host}:${authority.certificateFile}` }),
    fix: 'See that the host of identity.ca_on_host can be reached, and has the file.',
  });
