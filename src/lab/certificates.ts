import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './execute.ts';

/** Whom a certificate names, and where it may serve. */
export interface Identity {
  readonly commonName: string;
  readonly organization?: string;
  /** Host names and addresses; a certificate with any may serve as well. */
  readonly servesAt?: readonly string[];
}

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** The cluster's own certificate authority. */
export interface Authority extends KeyPair {
  issue(identity: Identity): Promise<KeyPair>;
}

export const subjectOf = ({ commonName, organization }: Identity): string =>
  `${organization === undefined ? '' : `/O=${organization}`}/CN=${commonName}`;

export const alternativeNames = (names: readonly string[]): string =>
  names.map((name) => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');

/** The identity of a node's kubelet, as the Node authorizer wants it. */
export const kubeletIdentity = (node: string): Identity => ({
  commonName: `system:node:${node}`,
  organization: 'system:nodes',
});

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '3650'];

/** Opens the authority of a folder, made there the first time. */
export async function openAuthority(folder: string): Promise<Authority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [certificateFile, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')];
  if ((await readFile(certificateFile).catch(() => undefined)) === undefined) {
    const output = ['-keyout', keyFile, '-out', certificateFile];
    await must('openssl', ['req', '-x509', ...newKey, '-subj', '/CN=kubernetes', ...output]);
  }
  return {
    certificate: await readFile(certificateFile, 'utf8'),
    key: await readFile(keyFile, 'utf8'),
    issue: async (identity) => {
      const id = randomUUID();
      const [leaf, leafKey] = [join(folder, `issued-${id}.pem`), join(folder, `issued-${id}-key.pem`)];
      const names = identity.servesAt ?? [];
      const extensions = [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature,keyEncipherment',
        `extendedKeyUsage=clientAuth${names.length > 0 ? ',serverAuth' : ''}`,
        ...(names.length > 0 ? [`subjectAltName=${alternativeNames(names)}`] : []),
      ];
      await must('openssl', [
        ...['req', '-x509', '-CA', certificateFile, '-CAkey', keyFile, ...newKey, '-subj', subjectOf(identity)],
        ...extensions.flatMap((extension) => ['-addext', extension]),
        ...['-keyout', leafKey, '-out', leaf],
      ]);
      const pair = { certificate: await readFile(leaf, 'utf8'), key: await readFile(leafKey, 'utf8') };
      await Promise.all([rm(leaf), rm(leafKey)]);
      return pair;
    },
  };
}

/** The key that signs service account tokens, made once. */
export async function openServiceAccountKey(folder: string): Promise<string> {
  const file = join(folder, 'service-account-key.pem');
  const existing = await readFile(file, 'utf8').catch(() => undefined);
  if (existing !== undefined) return existing;
  const key = await must('openssl', ['genrsa', '2048']);
  await writeFile(file, key, { mode: 0o600 });
  return key;
}

/** A kubeconfig that carries its certificates. */
export function renderKubeconfig(server: string, authority: KeyPair, user: string, pair: KeyPair): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
  - name: lab
    cluster:
      server: ${server}
      certificate-authority-data: ${base64(authority.certificate)}
users:
  - name: ${user}
    user:
      client-certificate-data: ${base64(pair.certificate)}
      client-key-data: ${base64(pair.key)}
contexts:
  - name: lab
    context: { cluster: lab, user: ${user} }
current-context: lab
`;
}
