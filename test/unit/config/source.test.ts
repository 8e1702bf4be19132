import { describe, expect, it } from 'vitest';
import { parseSource } from '../../../src/config/source.ts';
import { thrownBy } from './shown.ts';

const text = [
  'base: &base',
  '  port: 22',
  'list:',
  '  - { a: 1, b: two }',
  'host: { <<: *base, key: x }',
  'none:',
  '',
].join('\n');

it.each([
  [['base', 'port'], 'value', 2, 9, 2],
  [['base', 'port'], 'key', 2, 3, 4],
  [['list', 0, 'b'], 'value', 4, 16, 3],
  [['host', 'port'], 'value', 2, 9, 2],
  [['host', 'missing'], 'value', 5, 1, 4],
  [['none'], 'value', 6, 1, 4],
  [[], 'value', 1, 1, 11],
] as const)('the %j %s stands at its place', (path, part, line, column, length) => {
  const lines = text.split('\n');
  expect(parseSource('a.yaml', text).locate(path, part)).toEqual({
    file: 'a.yaml',
    line,
    column,
    length,
    text: lines[line - 1],
  });
});

it('refuses duplicate keys', () => {
  expect(thrownBy(() => parseSource('a.yaml', 'a: 1\nb: 2\na: 3\n'))).toBe(
    [
      '✖ CONFIG_INVALID  a.yaml:3:1',
      '  Duplicate key: "a"',
      '    3 | a: 3',
      '      | ^',
      '  Write what both say under one of them.',
    ].join('\n'),
  );
});

it('says where the syntax is wrong', () => {
  expect(thrownBy(() => parseSource('a.yaml', 'a:\n  b: [1, 2\nc: 3\n'))).toContain(
    '✖ CONFIG_INVALID  a.yaml:3:1\n  Not valid YAML: ',
  );
});

it('says what to write instead of a vault', () => {
  const secret = 'a:\n  ansible_password: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    6162\n';
  expect(thrownBy(() => parseSource('a.yaml', secret))).toBe(
    [
      '✖ CONFIG_INVALID  a.yaml:2:21',
      '  Values encrypted with Ansible Vault are not read',
      '    2 |   ansible_password: …',
      '      |                     ^',
      '  Write { env: NAME } or { file: PATH } for a secret that is kept elsewhere, or encrypt it anew with age: provision secret encrypt.',
    ].join('\n'),
  );
});

it('refuses other tags', () => {
  expect(thrownBy(() => parseSource('a.yaml', 'a: !unsafe x\n'))).toContain('Unknown tag: !unsafe');
});

it('says which alias has no anchor, and where', () => {
  expect(thrownBy(() => parseSource('a.yaml', 'a: 1\nb: *none\n'))).toBe(
    [
      '✖ CONFIG_INVALID  a.yaml:2:4',
      '  Not valid YAML: Unresolved alias: none',
      '    2 | b: *none',
      '      |    ^',
      '  Write &none before the value it stands for; put text that begins with * in quotes.',
    ].join('\n'),
  );
});

const values = [
  '*Sec99',
  '!Sec99',
  '!!Sec99',
  '!e!Sec99',
  '|Sec99',
  '>Sec99',
  '"x"Sec99',
  "'x'Sec99",
  '@Sec99',
  '`Sec99',
  '%Sec99: a: b',
];
const quiet = (text: string): void => {
  const told = thrownBy(() => parseSource('a.yaml', text));
  expect(told).toMatch(/^✖ CONFIG_INVALID {2}a.yaml:\d/);
  expect(told).toContain('Put the value in quotes');
  expect(told).not.toContain('Sec99');
};

describe.each(values)('a secret that is no YAML is not repeated: %s', (value) => {
  it.each([
    ['on the line of its key', `a:\n  ansible_password: ${value}\nb: 1\n`],
    ['on the next line', `a:\n  ansible_password:\n    ${value}\nb: 1\n`],
    ['after a comment and an empty line', `a:\n  ansible_password: # mine\n\n    # this\n    ${value}\nb: 1\n`],
    ['in a list', `a:\n  my_secret:\n  - ${value}\nb: 1\n`],
    ['after a reference', `a: { ansible_password: { env: A }, ssh_key_passphrase: ${value} }\n`],
  ])('%s', (_, text) => quiet(text));
});

it('nor is one without a space before it', () => {
  const told = thrownBy(() => parseSource('a.yaml', 'ansible_password:Sec99\nb: 1\n'));
  expect(told).toMatch(/^✖ CONFIG_INVALID {2}a.yaml:1:1\n/);
  expect(told).not.toContain('Sec99');
});

it('in lines of a text, however they are indented', () => {
  quiet('a:\n  ansible_password:\n    "x"\n      Sec99\n');
  quiet('a:\n  ansible_password: { Sec99: 1, Sec99: 2 }\n');
});

it('shows lines below a secret that are no part of it', () => {
  const told = thrownBy(() => parseSource('a.yaml', 'a:\n  ansible_password: x\n  b: *none\n'));
  expect(told).toContain('    3 |   b: *none\n');
});
