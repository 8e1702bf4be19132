import { expect, it } from 'vitest';
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
    ['✖ CONFIG_INVALID  a.yaml:3:1', '  Duplicate key: "a"', '    3 | a: 3', '      | ^'].join('\n'),
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
      '  Write the value itself, in an inventory that only you can read (chmod 600), or log in with ansible_ssh_private_key_file.',
    ].join('\n'),
  );
});

it('refuses other tags', () => {
  expect(thrownBy(() => parseSource('a.yaml', 'a: !unsafe x\n'))).toContain('Unknown tag: !unsafe');
});
