import { createPublicKey, X509Certificate } from 'node:crypto';

/** What a client certificate has to be. */
export interface WantedCertificate {
  readonly commonName: string;
  readonly organization: string | undefined;
  /** One or more certificates, PEM; undefined where any CA is as good. */
  readonly ca: string | undefined;
  /** It counts as ended so long before its end. */
  readonly renewDays: number;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
const daySeconds = 86_400;

/** Why a certificate (PEM) is not what is wanted; undefined where it is. `now` is in seconds since 1970. */
export function judgeCertificate(pem: string, wanted: WantedCertificate, now: number): string | undefined {
  const certificate = readCertificate(pem);
  if (certificate === undefined) return 'cannot be read';
  const subject = [
    ...(wanted.organization === undefined ? [] : [`O=${wanted.organization}`]),
    `CN=${wanted.commonName}`,
  ];
  const found = certificate.subject.split('\n');
  if (subject.some((one) => !found.includes(one))) return `is that of ${found.join(', ')}`;
  if (wanted.ca !== undefined && !splitPem(wanted.ca).some((ca) => isOf(certificate, ca))) return 'is of another CA';
  if (certificate.keyUsage !== undefined && !certificate.keyUsage.includes(clientAuth)) return 'is none for clients';
  const end = Date.parse(certificate.validTo) / 1000;
  if (end <= now) return `has ended: ${certificate.validTo}`;
  if (end <= now + wanted.renewDays * daySeconds) return `ends soon: ${certificate.validTo}`;
  return undefined;
}

/** Whether a certificate is that of a public key, both PEM. */
export function isPair(certificate: string, publicKey: string): boolean {
  try {
    return readCertificate(certificate)?.publicKey.equals(createPublicKey(publicKey)) ?? false;
  } catch {
    return false;
  }
}

function isOf(certificate: X509Certificate, pem: string): boolean {
  const ca = readCertificate(pem);
  return ca !== undefined && certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

/** The first one of a text. */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(splitPem(pem)[0] ?? '');
  } catch {
    return undefined;
  }
}

const splitPem = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
