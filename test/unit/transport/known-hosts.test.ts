import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  fingerprint,
  forgetHost,
  hashName,
  knownHostName,
  lookUpKnownHost,
} from '../../../src/transport/known-hosts.ts';

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
const lookUp = (text: string, address = 'node1', port = 22) =>
  lookUpKnownHost([{ file: 'known_hosts', text }], knownHostName(address, port));
const verdict = (...question: Parameters<typeof lookUp>) => lookUp(...question).check(ours);

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

  test('an authority of the bare name vouches on other ports too, and what is revoked for that is', () => {
    const found = (text: string) =>
      lookUpKnownHost([{ file: 'known_hosts', text }], knownHostName('node1', 2222), 'node1');
    expect(found(`@cert-authority ${line('node1')}`).authorities).toMatchObject([{ place: 'known_hosts:1' }]);
    expect(found(`@cert-authority ${line('[node1]:2222')}`).authorities).toHaveLength(1);
    expect(found(`@cert-authority ${line('node2')}`).authorities).toEqual([]);
    expect(found(`@revoked ${line('node1')}`).check(ours)).toBe('revoked');
  });

  test.each([
    ['this key', line('node1'), 'known'],
    ['another key', line('node1', other), 'unknown'],
    ['this key, but another one with the port', `${line('node1')}\n${line('[node1]:2222', other)}`, 'changed'],
    ['another key, but this one with the port', `${line('node1', other)}\n${line('[node1]:2222')}`, 'known'],
    ['this key, revoked', `${line('node1')}\n@revoked ${line('node1')}`, 'revoked'],
  ])('that has %s under the bare name of a host on another port', (_what, text, expected) => {
    const found = lookUpKnownHost([{ file: 'known_hosts', text }], knownHostName('node1', 2222), 'node1');
    expect(found.check(ours)).toBe(expected);
  });

  test('asks for the types of key under the bare name where none has the port', () => {
    const text = line('node1', other);
    const found = lookUpKnownHost([{ file: 'known_hosts', text }], knownHostName('node1', 2222), 'node1');
    expect(found).toMatchObject({ types: ['ssh-rsa'], keys: [] });
  });

  test('tells the known types in its own order and where they stand, and fingerprints as ssh-keygen prints them', () => {
    const found = lookUp(`${line('node1', other)}\n\n${line('node1')}`);
    expect(found.types).toEqual(['ssh-rsa', 'ssh-ed25519']);
    expect(found.keys.map(({ key, place }) => [key, place])).toEqual([
      [other, 'known_hosts:1'],
      [ours, 'known_hosts:3'],
    ]);
    expect(fingerprint(ours)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });
});

describe('a host that is forgotten', () => {
  const kept = `# comment\n${line('other')}\n@revoked ${line('node1', other)}\n@cert-authority ${line('node1')}`;
  test.each([
    ['a line of its own', `${line('node1')}\n`, '', false],
    ['with Windows line ends', `${line('node1')}\r\n`, '', false],
    ['in capitals', `${line('NODE1')}\n`, '', false],
    ['two lines', `${line('node1')}\n${line('node1', other)}\n`, '', false],
    ['a name among several', `${line('a,node1,10.0.0.1')}\n`, `${line('a,10.0.0.1')}\n`, false],
    ['a pattern', `${line('node*')}\n`, `${line('node*,!node1')}\n`, false],
    ['its name and a pattern', `${line('node1,n*')}\n`, `${line('n*,!node1')}\n`, false],
    ['a hashed name', `${line(hashed('node1'))}\n`, '', true],
    ['another hashed name', `${line(hashed('node2'))}\n`, `${line(hashed('node2'))}\n`, false],
    ['what is not about its keys', kept, kept, false],
  ])('by %s', (_what, text, expected, wasHashed) => {
    expect(forgetHost(text, 'node1')).toEqual({ text: expected, wasHashed });
  });

  test('and hashed anew is known again', () => {
    expect(verdict(line(hashName('node1')))).toBe('known');
  });
});
