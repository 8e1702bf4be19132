import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fingerprint, knownHostName, lookUpKnownHost } from '../../../src/transport/known-hosts.ts';

const key = (type: string, content: string): Buffer => {
  const field = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  return Buffer.concat([field(type), field(content)]);
};
const ours = key('ssh-ed25519', 'ours');
const other = key('ssh-rsa', 'other');
const line = (names: string, of = ours) =>
  `${names} ${of === ours ? 'ssh-ed25519' : 'ssh-rsa'} ${of.toString('base64')}`;
const hashed = (name: string): string => {
  const salt = Buffer.from('salt');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};
const verdict = (text: string, address = 'node1', port = 22) => lookUpKnownHost(text, address, port).check(ours);

describe('a known_hosts file', () => {
  test.each([
    ['its name', line('node1'), 'known'],
    ['its name among several', line('a,node1,10.0.0.1'), 'known'],
    ['a name in capitals', line('NODE1'), 'known'],
    ['a pattern', line('node*'), 'known'],
    ['a pattern of one character', line('node?'), 'known'],
    ['a pattern it is excepted from', line('node*,!node1'), 'unknown'],
    ['a dot that is a dot', line('nodex1'), 'unknown'],
    ['a hashed name', line(hashed('node1')), 'known'],
    ['another hashed name', line(hashed('node2')), 'unknown'],
    ['its name on another port', line('[node1]:2222'), 'unknown'],
    ['another key', line('node1', other), 'changed'],
    ['both keys', `${line('node1', other)}\n${line('node1')}`, 'known'],
    ['a comment', `# ${line('node1')}`, 'unknown'],
    ['a comment after the key', `${line('node1')} root@node1`, 'known'],
    ['Windows line ends', `${line('node1')}\r\n`, 'known'],
    ['a revoked key', `${line('node1')}\n@revoked ${line('*')}`, 'revoked'],
    ['another key revoked', `${line('node1')}\n@revoked ${line('*', other)}`, 'known'],
    ['a certificate authority only', `@cert-authority ${line('node1')}`, 'unknown'],
    ['half a line', 'node1 ssh-ed25519', 'unknown'],
    ['nothing', '', 'unknown'],
  ])('with %s', (_what, text, expected) => {
    expect(verdict(text)).toBe(expected);
  });

  test('files a host under its port unless that is 22', () => {
    expect(knownHostName('Node1', 22)).toBe('node1');
    expect(knownHostName('10.0.0.1', 2222)).toBe('[10.0.0.1]:2222');
    expect(verdict(line('[node1]:2222'), 'node1', 2222)).toBe('known');
    expect(verdict(line(hashed('[node1]:2222')), 'node1', 2222)).toBe('known');
    expect(verdict(line('node1'), 'node1', 2222)).toBe('unknown');
    expect(verdict(line('[*]:2222'), 'node1', 2222)).toBe('known');
  });

  test('tells the known types in its own order, and fingerprints as ssh-keygen prints them', () => {
    const found = lookUpKnownHost(`${line('node1', other)}\n${line('node1')}`, 'node1', 22);
    expect(found.types).toEqual(['ssh-rsa', 'ssh-ed25519']);
    expect(found.fingerprints).toEqual([`ssh-rsa ${fingerprint(other)}`, `ssh-ed25519 ${fingerprint(ours)}`]);
    expect(fingerprint(ours)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });
});
