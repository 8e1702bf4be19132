import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createIdentity, encrypt } from '../../../src/config/age.ts';
import { loadInventory } from '../../../src/config/inventory.ts';
import { openSecrets } from '../../../src/config/open-secrets.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { inventoryText, shown, thrownBy } from './shown.ts';

const folder = temporaryFolder();
const identityFile = join(folder, 'age.txt');
const file = join(folder, 'inventory.yaml');
let recipient = '';

beforeAll(async () => {
  const identity = await createIdentity();
  recipient = identity.recipient;
  writeFileSync(identityFile, identity.text, { mode: 0o600 });
  writeFileSync(join(folder, 'word'), 'from a file\n', { mode: 0o600 });
  writeFileSync(join(folder, 'empty'), '\n', { mode: 0o600 });
  writeFileSync(join(folder, 'binary'), Buffer.from([1, 0, 255]), { mode: 0o600 });
});

const block = (text: string, by: string): string => text.trim().replaceAll(/^/gm, by);

/** Loads an inventory with these variables of `all`, reads its secrets, and gives what was hidden. */
async function open(vars: string, { mode = 0o600, rest = '', identity = identityFile } = {}) {
  const hidden: string[] = [];
  const hide = (secret: string): void => void hidden.push(secret);
  writeFileSync(file, inventoryText({ vars, rest }));
  chmodSync(file, mode);
  const sealed = loadInventory(file, { homeFolder: '/', reads: new Set(['token']), hide });
  const means = { environment: { WORD: 'from outside', EMPTY: '' }, identityFile: identity, hide };
  const inventory = await openSecrets(sealed, means);
  const [host, ...others] = inventory.hosts;
  if (!host) throw new Error('no host');
  const unread = host.unread.map(shown).join('\n').replaceAll(`${folder}/`, '');
  return { inventory, host, others, hidden, unread };
}

describe('a secret', () => {
  it('may stand in the inventory', async () => {
    const { host, hidden } = await open('    ansible_password: as it is');
    expect(host.connection.password).toBe('as it is');
    expect(hidden).toContain('as it is');
  });

  it('may come from the environment', async () => {
    const { host, hidden } = await open('    ansible_become_pass: { env: WORD }');
    expect(host.connection.becomePassword).toBe('from outside');
    expect(hidden).toContain('from outside');
  });

  it('may come from a file beside the inventory, without the end of its last line', async () => {
    const { host, hidden } = await open('    ssh_key_passphrase: { file: word }');
    expect(host.connection.keyPassphrase).toBe('from a file');
    expect(hidden).toContain('from a file');
  });

  it('may be encrypted, without the end of its last line', async () => {
    const armored = await encrypt('from age\nin two lines\n', [recipient]);
    const { host, hidden, unread } = await open(`    ansible_password:\n      age: |\n${block(armored, '        ')}`);
    expect(unread).toBe('');
    expect(host.connection.password).toBe('from age\nin two lines');
    expect(hidden).toContain('from age\nin two lines');
  });

  it('may be the value of a variable that something reads', async () => {
    const { host } = await open('    token: { env: WORD }\n    other: { env: WORD }');
    expect(host.variables).toEqual({ token: 'from outside', other: { env: 'WORD' } });
  });

  it('of a host stands above that of its groups', async () => {
    const rest = '    odd: { hosts: { master1: { ansible_password: own } } }';
    const { host, others, unread } = await open('    ansible_password: { env: NOWHERE }', { rest });
    expect(unread).toBe('');
    expect(host.connection.password).toBe('own');
    expect(others[0]?.unread).toHaveLength(1);
  });
});

describe('what cannot be read is said at its place', () => {
  it.each([
    [
      '    ansible_password: { env: NOWHERE }',
      '✖ SECRET_NOT_SET  inventory.yaml:5:30\n  The environment variable NOWHERE is not set\n    5 |     ansible_password: { env: NOWHERE }\n      |                              ^\n',
    ],
    ['    ansible_ssh_pass: { env: EMPTY }', 'inventory.yaml:5:30\n  The environment variable EMPTY is empty\n'],
    ['    ansible_password: { file: none }', '✖ SECRET_FILE_UNREADABLE  inventory.yaml:5:31\n'],
    ['    ansible_password: { file: empty }', 'it is empty\n'],
    ['    ansible_password: { file: binary }', 'it is not text\n'],
    ['    token: { file: none }', '✖ SECRET_FILE_UNREADABLE  inventory.yaml:5:20\n'],
    ['    ansible_password: { age: x }', '✖ SECRET_NOT_DECRYPTED  inventory.yaml:5:30\n'],
    ['    ansible_password: { age: x }', 'it is not a whole armored age file: invalid header\n'],
  ])('%s', async (vars, expected) => {
    const { host, unread } = await open(vars);
    expect(unread).toContain(expected);
    expect(host.connection.password).toBeUndefined();
  });

  it('a value for another identity', async () => {
    const armored = await encrypt('x', [(await createIdentity()).recipient]);
    const { unread } = await open(`    ansible_password:\n      age: |\n${block(armored, '        ')}`);
    expect(unread).toContain(
      "✖ SECRET_NOT_DECRYPTED  inventory.yaml:6:12\n  This value cannot be decrypted with age.txt\n    6 |       age: |\n      |            ^\nno identity matched any of the file's recipients\n",
    );
  });

  it.each([
    ['\n', 'decrypted, it is empty'],
    ['a\0b', 'decrypted, it is not text'],
  ])('a value that decrypts to no text: %j', async (text, why) => {
    const armored = await encrypt(text, [recipient]);
    const { unread, host } = await open(`    ansible_password:\n      age: |\n${block(armored, '        ')}`);
    expect(unread).toContain(`✖ SECRET_NOT_DECRYPTED  inventory.yaml:6:12\n`);
    expect(unread).toContain(why);
    expect(host.connection.password).toBeUndefined();
  });

  it('a value cut short', async () => {
    const armored = (await encrypt('x', [recipient])).split('\n').toSpliced(3, 1).join('\n');
    const { unread } = await open(`    ansible_password:\n      age: |\n${block(armored, '        ')}`);
    expect(unread).toContain('SECRET_NOT_DECRYPTED');
  });

  it('an identity file that is none, without repeating what stands there', async () => {
    const identity = join(folder, 'broken.txt');
    writeFileSync(identity, '# mine\nAGE-SECRET-KEY-1DAMAGED\n', { mode: 0o600 });
    const { unread } = await open('    ansible_password: { age: x }', { identity });
    expect(unread).toContain('✖ AGE_IDENTITY_UNUSABLE  inventory.yaml:5:30\n');
    expect(unread).toContain('line 2 is not an identity of age');
    expect(unread).not.toContain('DAMAGED');
  });
});

describe('who else may read it', () => {
  it.each<[string, string, number, number, RegExp | undefined]>([
    [
      'an inventory that others may read',
      '    ansible_password: abcd',
      0o644,
      0o600,
      /:5:23 a secret .* \(mode 0644\)/,
    ],
    ['an inventory of its owner alone', '    ansible_password: abcd', 0o600, 0o600, undefined],
    ['an inventory without a secret of its own', '    ansible_password: { env: WORD }', 0o644, 0o600, undefined],
    ['a file that others may read', '    ansible_password: { file: word }', 0o644, 0o640, /\/word \(mode 0640\)/],
    ['a file of its owner alone', '    ansible_password: { file: word }', 0o644, 0o600, undefined],
  ])('%s', async (_, vars, mode, fileMode, warning) => {
    chmodSync(join(folder, 'word'), fileMode);
    const { inventory } = await open(vars, { mode });
    expect(inventory.warnings).toEqual(warning ? [expect.stringMatching(warning)] : []);
  });
});

describe('what is no way to write a secret', () => {
  const load = (vars: string) => {
    const hidden: string[] = [];
    writeFileSync(file, inventoryText({ vars }));
    const text = thrownBy(() => loadInventory(file, { homeFolder: '/', hide: (secret) => hidden.push(secret) }));
    return { text, hidden };
  };

  it.each([
    ['{ evn: WORD }', 'Unrecognized key (did you mean "env"?)'],
    ['{ env: WORD, file: word }', 'A secret is a text, or one of { env: NAME }, { file: PATH }, { age: … }'],
    ['{}', 'A secret is a text, or one of { env: NAME }, { file: PATH }, { age: … }'],
    ['{ env: "a b" }', 'Not the name of an environment variable'],
    ["\"{{ lookup('env', 'WORD') }}\"", 'A secret may be { env: WORD }.'],
  ])('%s', (value, expected) => {
    expect(load(`    ansible_password: ${value}`).text).toContain(expected);
  });

  it.each(['{Secret99}', '{ Secret99: x }', '\n      Secret99: x', '\n      - Secret99', '{ env: A, Secret99: x }'])(
    'is not repeated: %s',
    (value) => {
      const { text } = load(`    ansible_password: ${value}`);
      expect(text).toMatch(/^✖ CONFIG_INVALID {2}\S+:[56]:/);
      expect(text).not.toContain('Secret99');
    },
  );

  it('is hidden all the same', () => {
    expect(load('    ansible_ssh_pass:\n      4711').hidden).toEqual(['4711']);
  });
});
