import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CertificateRequest, issueCertificate } from '../../src/kubernetes/identity/issue-certificate.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/** A CA that nobody trusts, good for a hundred years. */
export const testAuthority = (kind: 'ca' | 'rsa-ca' = 'ca') => {
  const certificate = read(`${kind}.pem`);
  return {
    certificate,
    sign: (request: CertificateRequest, now?: Date): Promise<string> =>
      issueCertificate(
        request,
        certificate,
        async (bytes) => sign('sha256', bytes, createPrivateKey(read(`${kind}-key.pem`))),
        now,
      ),
  };
};
