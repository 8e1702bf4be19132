import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { issueCertificate } from '../../../../src/kubernetes/identity/issue-certificate.ts';
import { isPair, judgeCertificate } from '../../../../src/kubernetes/identity/judge-certificate.ts';
import { testAuthority } from '../../../identity/test-authority.ts';

const daySeconds = 86_400;
const now = Date.parse('2030-06-01T00:00:00Z') / 1000;
const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const publicKey = key.export({ type: 'spki', format: 'pem' }).toString();
const node = { publicKey, commonName: 'system:node:node1', organization: 'system:nodes', validDays: 365 };
const wanted = { commonName: 'system:node:node1', organization: 'system:nodes', ca: undefined, renewDays: 30 };
const issue = (kind?: 'rsa-ca') => testAuthority(kind).sign(node, new Date(now * 1000));

test.each(['ca', 'rsa-ca'] as const)(
  'a certificate of an authority like %s is one for clients, with that name',
  async (kind) => {
    const authority = testAuthority(kind);
    const certificate = new X509Certificate(await authority.sign(node, new Date(now * 1000)));
    const ca = new X509Certificate(authority.certificate);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:node1');
    expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.publicKey.equals(createPublicKey(publicKey))).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(Date.parse(certificate.validTo) / 1000 - now).toBe(365 * daySeconds);
    expect(judgeCertificate(certificate.toString(), { ...wanted, ca: authority.certificate }, now)).toBeUndefined();
  },
);

test('it ends with the authority, and is not made by one that has ended', async () => {
  const end = Date.parse(new X509Certificate(testAuthority().certificate).validTo);
  const late = await testAuthority().sign(node, new Date(end - 1000));
  expect(Date.parse(new X509Certificate(late).validTo)).toBe(end);
  await expect(testAuthority().sign(node, new Date(end))).rejects.toMatchObject({ code: 'CA_UNUSABLE' });
});

test('what another key has signed is not handed out', async () => {
  const sign = async () => new Uint8Array([48, 6, 2, 1, 1, 2, 1, 1]);
  await expect(issueCertificate(node, testAuthority().certificate, sign)).rejects.toMatchObject({
    code: 'CA_UNUSABLE',
  });
});

test('a host that tells no key gets no certificate', async () => {
  const sign = async () => new Uint8Array();
  const asked = issueCertificate({ ...node, publicKey: 'no such file' }, testAuthority().certificate, sign);
  await expect(asked).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
});

describe('a certificate is another one than wanted', () => {
  test.each<[string, object, number, RegExp | undefined]>([
    ['as wanted', {}, now, undefined],
    ['of another node', { commonName: 'system:node:node2' }, now, /that of O=system:nodes, CN=system:node:node1/],
    ['of another authority', { ca: testAuthority('rsa-ca').certificate }, now, /of another CA/],
    ['a month before its end', {}, now + 336 * daySeconds, /ends soon/],
    ['more than a month before', {}, now + 334 * daySeconds, undefined],
    ['after its end', {}, now + 366 * daySeconds, /has ended/],
  ])('%s', async (_name, more, at, why) => {
    const found = judgeCertificate(await issue(), { ...wanted, ca: testAuthority().certificate, ...more }, at);
    if (why === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(why);
  });

  test('no certificate at all', () => expect(judgeCertificate('nothing', wanted, now)).toMatch(/cannot be read/));
});

test('a certificate of a bundle counts as one of any of its authorities', async () => {
  const ca = testAuthority('rsa-ca').certificate + testAuthority().certificate;
  expect(judgeCertificate(await issue(), { ...wanted, ca }, now)).toBeUndefined();
});

test('a certificate and a key belong together, or not', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey;
  expect(isPair(await issue(), publicKey)).toBe(true);
  expect(isPair(await issue(), other.export({ type: 'spki', format: 'pem' }).toString())).toBe(false);
  expect(isPair(await issue(), '')).toBe(false);
});
