import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSshConfig } from '../../../src/config/read-ssh-config.ts';
import { lookUpSshHost, type SshQuestion } from '../../../src/config/ssh-config.ts';
import { expandSshPath } from '../../../src/config/ssh-config-paths.ts';
import { parseSshConfig } from '../../../src/config/ssh-config-text.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { thrownBy } from './shown.ts';

const parse = (text: string) => parseSshConfig({ file: 'config', text }, () => []);
const lookUp = (text: string, alias: string, question: Partial<SshQuestion> = {}) =>
  lookUpSshHost(parse(text), { alias, defaultUser: 'root', localUser: 'me', hasOwnWay: false, ...question });

describe('what ssh_config says of a host', () => {
  it.each([
    ['Host', 'a', true],
    ['Host', 'b', false],
    ['Host', 'node7', true],
    ['Host', 'node13', false],
    ['Host', 'NODE8', true],
  ])('%s patterns, with exceptions: %s', (_keyword, alias, applies) => {
    const { user } = lookUp('Host a node* !node1?\n  User op\n', alias);
    expect(user).toBe(applies ? 'op' : undefined);
  });

  it('takes the first value of each keyword, and every key', () => {
    expect(
      lookUp(
        `user first
Host node*
  User second
  HostName=10.0.0.1 # the address
  Port 2222
  IdentityFile "~/.ssh/a key"
  identityfile ~/.ssh/b
  IdentitiesOnly yes
  HostKeyAlias cluster
  UserKnownHostsFile ~/.ssh/one ~/.ssh/two
  GlobalKnownHostsFile none
  IdentityAgent none
Host *
  IdentityFile ~/.ssh/b
  IdentityFile ~/.ssh/c
  Port 23
`,
        'node1',
      ),
    ).toEqual({
      hostName: '10.0.0.1',
      port: 2222,
      user: 'first',
      identityFiles: ['~/.ssh/a key', '~/.ssh/b', '~/.ssh/c'],
      identitiesOnly: true,
      identityAgent: 'none',
      userKnownHostsFiles: ['~/.ssh/one', '~/.ssh/two'],
      globalKnownHostsFiles: [],
      hostKeyAlias: 'cluster',
    });
  });

  it.each([
    ['Match host 10.0.0.1', true],
    ['Match host node1', false],
    ['Match originalhost node1', true],
    ['Match !originalhost node1', false],
    ['Match user op,admin', true],
    ['Match user op localuser you', false],
    ['Match localuser me user op', true],
    ['Match all', true],
    ['Match canonical', false],
    ['Match final host 10.*', true],
    ['Match !final all', true],
  ])('%s: %s', (match, applies) => {
    const { port } = lookUp(`Host node1\n  HostName 10.0.0.1\n  User op\n${match}\n  Port 2222\n`, 'node1');
    expect(port).toBe(applies ? 2222 : undefined);
  });

  it("goes by the inventory's user, where it has one", () => {
    const text = 'Host *\n  User op\nMatch user deploy\n  Port 2222\n';
    expect(lookUp(text, 'node1', { user: 'deploy' }).port).toBe(2222);
    expect(lookUp(text, 'node1').port).toBeUndefined();
  });

  it('of ProxyJump and ProxyCommand takes the first; none is none', () => {
    expect(lookUp('ProxyJump a,b\nProxyCommand nc %h %p', 'x').proxyJump).toBe('a,b');
    expect(lookUp('Host x\n  ProxyJump none\nHost *\n  ProxyJump b\n', 'x').proxyJump).toBeUndefined();
    expect(lookUp('ProxyCommand none\nProxyJump b', 'x').proxyJump).toBeUndefined();
  });
});

describe('what cannot be followed', () => {
  const told = (text: string, question: Partial<SshQuestion> = {}) => thrownBy(() => lookUp(text, 'node1', question));

  it('names file, line and the way out', () => {
    expect(told('# comment\nHost node*\n  ProxyCommand nc -X 5 %h %p\n')).toMatchInlineSnapshot(`
      "✖ SSH_CONFIG_UNSUPPORTED  config:3:3
        ProxyCommand of ssh_config is not understood, and decides how a host of the inventory is reached
          3 |   ProxyCommand nc -X 5 %h %p
            |   ^
        Name the jump host with ProxyJump there, or with ssh_proxy_jump in the inventory."
    `);
  });

  it.each(['Match exec true', 'Match tagged x', 'CanonicalizeHostname yes', 'RevokedHostKeys ~/.ssh/revoked'])(
    '%s',
    (line) => {
      expect(told(`${line}\n  Port 1\n`)).toMatch(/^✖ SSH_CONFIG_UNSUPPORTED {2}config:1:1/);
    },
  );

  it('is passed over where it does not apply', () => {
    expect(lookUp('Host other\n  ProxyCommand nc\nMatch host other exec true\n  Port 1\n', 'node1').port).toBe(
      undefined,
    );
    expect(lookUp('ProxyCommand nc', 'node1', { hasOwnWay: true })).toEqual({ identitiesOnly: false });
    expect(lookUp('CanonicalizeHostname no\nRevokedHostKeys none\n', 'node1')).toEqual({ identitiesOnly: false });
  });

  it.each(['HostName', 'Host', 'nonsense', 'Port many', 'IdentityFile "open'])('a mistake: %s', (line) => {
    expect(told(`\n${line}\n`)).toMatch(/^✖ CONFIG_INVALID {2}config:2:1/);
  });
});

describe('files', () => {
  function folderWith(files: Record<string, string>): string {
    const home = temporaryFolder();
    mkdirSync(join(home, '.ssh/config.d'), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, '.ssh', name), text);
    return home;
  }
  const userOf = (home: string, alias: string) =>
    lookUpSshHost(readSshConfig(home, undefined), { alias, defaultUser: 'root', localUser: 'me', hasOwnWay: false })
      .user;

  it('an include counts where it stands, within the section around it, and leaves that section open', () => {
    const home = folderWith({
      config: 'Include config.d/*.conf\nHost c\n  Include more\n  User outer\nHost *\n  User last\n',
      'config.d/1.conf': 'Host a\n  User one\n',
      'config.d/2.conf': 'Host a b\n  User two\n',
      'config.d/other': 'User other\n',
      more: 'Host d\n  User never\n',
    });
    expect(['a', 'b', 'c', 'd'].map((alias) => userOf(home, alias))).toEqual(['one', 'two', 'outer', 'last']);
  });

  it.each([
    ['[12].conf', ['one', 'two', 'last']],
    ['[!2].conf', ['one', 'last', 'last']],
    ['[^1-1].conf', ['last', 'two', 'last']],
    ['?.[c]on*', ['one', 'two', 'last']],
    ['[2-1].conf', ['last', 'last', 'last']],
    ['[.]3.conf', ['last', 'last', 'last']],
    ['.[3].conf', ['last', 'last', 'three']],
  ])('an include of config.d/%s', (pattern, users) => {
    const home = folderWith({
      config: `Include config.d/${pattern}\nHost *\n  User last\n`,
      'config.d/1.conf': 'Host a\n  User one\n',
      'config.d/2.conf': 'Host b\n  User two\n',
      'config.d/.3.conf': 'Host c\n  User three\n',
    });
    expect(['a', 'b', 'c'].map((alias) => userOf(home, alias))).toEqual(users);
  });

  it.each(['$HOME/x', `$\{HOME}/x`, '%d/x', 'a\\*b', '"a\\ b"', '[[:alpha:]]', '~other/x'])(
    'an include of %s is refused',
    (pattern) => {
      const home = folderWith({ config: `Host a\n  Include ${pattern}\n` });
      const text = thrownBy(() => readSshConfig(home, undefined));
      expect(text).toContain(`✖ SSH_CONFIG_UNSUPPORTED  ${home}/.ssh/config:2:3\n`);
    },
  );

  it('that include each other without end are refused', () => {
    const home = folderWith({ config: 'Include config\n' });
    expect(thrownBy(() => readSshConfig(home, undefined))).toContain('too deeply');
  });

  it('one that is named has to exist', () => {
    expect(thrownBy(() => readSshConfig('/', '/nowhere/config'))).toContain('CONFIG_UNREADABLE');
  });
});

it('tokens, variables and ~ of a path', () => {
  const tokens = {
    ...{ homeFolder: '/home/me', localUser: 'me', alias: 'web', hostName: '10.0.0.1', port: 22, user: 'root' },
    environment: { KEYS: '/keys' },
  };
  expect(expandSshPath('~/.ssh/%r@%h-%n', tokens)).toBe('/home/me/.ssh/root@10.0.0.1-web');
  expect(expandSshPath(`$\{KEYS}/%u%%`, tokens)).toBe('/keys/me%');
  expect(expandSshPath('key', tokens)).toBe('/home/me/key');
});
