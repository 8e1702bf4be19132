import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCertificate, refuseCertificate } from '../../../src/transport/ssh-certificate.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();
const keygen = (...words: string[]) => execFileSync('ssh-keygen', ['-q', ...words], { cwd: folder });
const makeKey = (name: string, ...type: string[]) => keygen('-t', ...type, '-N', '', '-C', '', '-f', name);
const publicKey = (name: string): Buffer =>
  Buffer.from(readFileSync(join(folder, `${name}.pub`), 'utf8').split(' ')[1] ?? '', 'base64');

const types = {
  ed25519: ['ed25519'],
  'ecdsa 256': ['ecdsa', '-b', '256'],
  'ecdsa 384': ['ecdsa', '-b', '384'],
  'ecdsa 521': ['ecdsa', '-b', '521'],
  rsa: ['rsa', '-b', '2048'],
};
for (const [name, type] of Object.entries(types)) makeKey(name.replace(' ', ''), ...type);
makeKey('other', 'ed25519');

/** For node1 and 10.0.0.11, from 2020 to 2030, by `authority`, unless `options` say otherwise. */
function certify(options: readonly string[] = ['-h', '-n', 'node1,10.0.0.11'], key = 'ed25519', authority = 'rsa') {
  const validity = options.includes('-V') ? [] : ['-V', '20200101000000Z:20300101000000Z'];
  keygen('-s', authority, '-I', 'test', ...validity, ...options, `${key}.pub`);
  return publicKey(`${key}-cert`);
}

const refusal = (
  bytes: Buffer,
  { authority = 'rsa', name = 'node1', now = '2026-01-01T00:00:00Z' } = {},
): string | undefined =>
  refuseCertificate(parseCertificate(bytes), { authorities: [publicKey(authority)], name, now: new Date(now) });

describe('a certificate of a host', () => {
  const names = Object.keys(types).map((name) => name.replace(' ', ''));

  test.each(names)('of a key of type %s holds, and is about that key', (name) => {
    const certificate = certify(undefined, name, 'other');
    expect(refusal(certificate, { authority: 'other' })).toBeUndefined();
    expect(parseCertificate(certificate).key).toEqual(publicKey(name));
  });

  test.each(names)('signed by a key of type %s holds, and not if one bit of it is another', (authority) => {
    const certificate = certify(undefined, 'other', authority);
    expect(refusal(certificate, { authority })).toBeUndefined();
    const changed = Buffer.from(certificate);
    const serial = certificate.indexOf(publicKey('other').subarray(-32)) + 32;
    changed[serial] = 1;
    expect(refusal(changed, { authority })).toBe('its signature is not that of its authority');
  });

  test('signed with SHA-1 is refused', () => {
    const certificate = certify(['-h', '-n', 'node1', '-t', 'ssh-rsa']);
    expect(refusal(certificate)).toContain('signed with ssh-rsa by a key of type ssh-rsa');
  });

  test('of another authority is refused', () => {
    const [, print] = execFileSync('ssh-keygen', ['-lf', 'rsa.pub'], { cwd: folder, encoding: 'utf8' }).split(' ');
    expect(refusal(certify(), { authority: 'other' })).toBe(`another authority signed it: ssh-rsa ${print}`);
  });

  test('holds from its first second until before its last', () => {
    const certificate = certify();
    expect(refusal(certificate, { now: '2019-12-31T23:59:59Z' })).toBe('it does not hold before 2020-01-01T00:00:00Z');
    expect(refusal(certificate, { now: '2020-01-01T00:00:00Z' })).toBeUndefined();
    expect(refusal(certificate, { now: '2029-12-31T23:59:59Z' })).toBeUndefined();
    expect(refusal(certificate, { now: '2030-01-01T00:00:00Z' })).toBe('it expired at 2030-01-01T00:00:00Z');
    const forever = certify(['-h', '-n', 'node1', '-V', 'always:forever']);
    expect(refusal(forever, { now: '2200-01-01T00:00:00Z' })).toBeUndefined();
  });

  test('is for the names in it, which may be patterns', () => {
    const [two, pattern, none] = [certify(), certify(['-h', '-n', '*.example.org']), certify(['-h'])];
    expect(refusal(two, { name: '10.0.0.11' })).toBeUndefined();
    expect(refusal(two, { name: 'node2' })).toBe('it is for node1, 10.0.0.11, not for node2');
    expect(refusal(two, { name: 'NODE1' })).toContain('not for NODE1');
    expect(refusal(pattern, { name: 'node1.example.org' })).toBeUndefined();
    expect(refusal(pattern, { name: 'node1xexample.org' })).toContain('not for node1xexample.org');
    expect(refusal(none)).toBe('it names no host');
  });

  test('for users is refused', () => {
    expect(refusal(certify(['-n', 'node1']))).toBe('it is one for users, not for hosts');
  });

  test('with a critical option is refused', () => {
    const certificate = certify(['-h', '-n', 'node1', '-O', 'critical:new@example.org=yes']);
    expect(refusal(certificate)).toContain('not understood: new@example.org');
  });

  test('that is a plain key, cut off, or longer than it says, is not one', () => {
    const certificate = certify();
    expect(() => parseCertificate(publicKey('ed25519'))).toThrow('ssh-ed25519 is not a certificate');
    expect(() => parseCertificate(certificate.subarray(0, -1))).toThrow('cut off');
    expect(() => parseCertificate(Buffer.alloc(3))).toThrow('cut off');
    expect(() => parseCertificate(Buffer.concat([certificate, Buffer.alloc(1)]))).toThrow('behind');
  });
});
