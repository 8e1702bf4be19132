import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientCertificate } from '../../src/operations/kubelet/client-certificate.ts';
import { seeCredential } from '../../src/operations/kubelet/client-certificate-script.ts';
import { testAuthority } from '../identity/test-authority.ts';
import { temporaryFolder } from '../unit/temporary-folder.ts';
import { base64, changesOf, nothingUpcoming } from './case.ts';

const { publicKey: key, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const publicKey = key.export({ type: 'spki', format: 'pem' }).toString();
const now = Math.floor(Date.now() / 1000);
const issue = (commonName = 'system:node:node1', kind?: 'rsa-ca') =>
  testAuthority(kind).sign({ publicKey, commonName, organization: 'system:nodes', validDays: 365 });

const content = `current-context: a
contexts: [{ name: a, context: { cluster: a, user: a } }]
users: [{ name: a, user: { client-certificate: /pki/c.pem, client-key: /pki/c.pem } }]
`;
const wish = {
  kubeconfig: '/etc/kubeconfig',
  content,
  certificate: '/pki/c.pem',
  common_name: 'system:node:node1',
  organization: 'system:nodes',
  ca: testAuthority().certificate,
};
const seen = (text: string, certificate = '', more = '', mode = '600 root:root') =>
  `now ${now}\nkind file\nmode ${mode}\ntext ${base64(text)}\ncertificate ${base64(certificate)}\n${more}`;
const withKey = `key there\npublic ${base64(publicKey)}\n`;
const embedded = (pem: string) =>
  `current-context: a\ncontexts: [{ name: a, context: { cluster: a, user: a } }]\nusers: [{ name: a, user: { client-certificate-data: ${base64(pem)}, client-key-data: (there) } }]\n`;
const made = '/pki/c.pem: make a key and its certificate: ';

test('nothing to do for a good certificate, whoever made it', async () => {
  expect(changesOf(clientCertificate, wish, seen(content, await issue(), withKey))).toEqual([]);
  expect(changesOf(clientCertificate, wish, seen(embedded(await issue())))).toEqual([]);
  const theirs = content.replaceAll('/pki/c.pem', '/their/c.pem');
  expect(
    changesOf(clientCertificate, wish, seen(theirs, await issue(), 'key there\npublic \n', '644 root:root')),
  ).toEqual([]);
});

test('a key and a certificate are made where there is no good one', async () => {
  const why = async (output: string) => changesOf(clientCertificate, wish, output)[0];
  expect(await why(`now ${now}\nkind absent\n`)).toBe(`${made}there is none`);
  expect(await why(seen(content))).toBe(`${made}the kubeconfig leads to none`);
  expect(await why(seen(content, await issue()))).toBe(`${made}its key is not there`);
  expect(await why(seen(content, await issue('system:node:x'), withKey))).toMatch(/is that of O=system:nodes/);
  expect(await why(seen(embedded(await issue(undefined, 'rsa-ca'))))).toMatch(/is of another CA/);
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({
    type: 'spki',
    format: 'pem',
  });
  const otherKey = `key there\npublic ${base64(String(other))}\n`;
  expect(await why(seen(content, await issue(), otherKey))).toBe(`${made}its key is another one`);
});

test('a kubeconfig of ours follows the address of the API, with the key it has', async () => {
  const output = seen(`${content}# old\n`, await issue(), withKey);
  expect(changesOf(clientCertificate, wish, output)).toEqual(['/etc/kubeconfig: write']);
  const desired = clientCertificate.schema.parse(wish);
  const actual = clientCertificate.parse(output, desired);
  expect(clientCertificate.signing?.request('', desired, actual)).toBeUndefined();
  expect(clientCertificate.apply(desired, actual, nothingUpcoming).source).not.toContain('new_key');
});

test('only the public key leaves the host', () => {
  const desired = clientCertificate.schema.parse(wish);
  const actual = clientCertificate.parse('now 1\nkind absent\n', desired);
  expect(clientCertificate.signing?.request(publicKey, desired, actual)).toEqual({
    publicKey,
    commonName: 'system:node:node1',
    organization: 'system:nodes',
    validDays: 365,
  });
});

test('a look takes neither keys nor tokens off the host, in any layout of a kubeconfig', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'kubeconfig');
  const secrets = ['c2VjcmV0LWtleQ==', 'secret-token', 'secret-word'];
  const [data, token, password] = secrets;
  writeFileSync(
    file,
    `users:
- name: a
  user:
    client-key-data: ${data}
    token: "${token}"
    password: '${password}'
- { name: b, user: { "client-key-data": "${data}", token: ${token}, password: ${password} } }
`,
  );
  const script = `${seeCredential.source}\nsecretless '${file}'`;
  const output = execFileSync('sh', { input: script, encoding: 'utf8' });
  for (const secret of secrets) expect(output).not.toContain(secret);
  expect(output.match(/\(there\)/g)).toHaveLength(6);
});

test('a look tells the certificate and the public half of a key that is in the same file', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'kubeconfig');
  const pair = join(folder, 'pair.pem');
  const pem = await issue();
  const sec1 = createPrivateKey(privateKey.export({ type: 'sec1', format: 'pem' })).export({
    type: 'sec1',
    format: 'pem',
  });
  writeFileSync(pair, `${sec1}${pem}`, { mode: 0o600 });
  writeFileSync(file, content.replaceAll('/pki/c.pem', 'pair.pem'));
  const output = execFileSync('sh', { input: `${seeCredential.source}\nsee_credential '${file}'`, encoding: 'utf8' });
  const actual = clientCertificate.parse(output, clientCertificate.schema.parse(wish));
  expect(actual).toMatchObject({ hasKey: true, certificate: `${pem.trimEnd()}\n` });
  expect(actual.publicKey).toBe(publicKey);
  expect(output).not.toContain(base64(String(sec1)).slice(0, 40));
});
