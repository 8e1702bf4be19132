import { CertificationRequest } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';

const names: Readonly<Record<string, string>> = { '2.5.4.3': 'CN', '2.5.4.10': 'O' };

/** The parts of the subject of a PKCS #10 request (PEM), as `O=system:nodes`, in order; undefined for what is none. */
export function readSubject(pem: string): { readonly subject: readonly string[]; readonly extras: number } | undefined {
  const body = /-----BEGIN CERTIFICATE REQUEST-----([\s\S]*?)-----END/.exec(pem)?.[1];
  if (body === undefined) return undefined;
  try {
    const { certificationRequestInfo: info } = AsnConvert.parse(Buffer.from(body, 'base64'), CertificationRequest);
    const subject = [...info.subject].flatMap((part) =>
      [...part].map(({ type, value }) => `${names[type] ?? type}=${value.toString()}`),
    );
    return { subject, extras: info.attributes.length };
  } catch {
    return undefined;
  }
}
