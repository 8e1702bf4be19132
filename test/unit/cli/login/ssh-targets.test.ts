import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toSshTargets } from '../../../../src/cli/login/ssh-targets.ts';
import { parseInventory } from '../../../../src/config/inventory.ts';
import { inventoryText, thrownBy } from '../../config/shown.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

interface Given {
  /** ~/.ssh/config */
  readonly config?: string;
  /** Variables of all hosts, and lines below the groups, of the inventory. */
  readonly vars?: string;
  readonly rest?: string;
  readonly environment?: Record<string, string>;
}

function targetsOf({ config = '', vars = '', rest = '', environment = {} }: Given) {
  const homeFolder = temporaryFolder();
  mkdirSync(join(homeFolder, '.ssh'));
  writeFileSync(join(homeFolder, '.ssh/config'), `GlobalKnownHostsFile none\n${config}`);
  const inventory = parseInventory('/etc/cluster/inventory.yaml', inventoryText({ vars, rest }), { homeFolder });
  const targets = toSshTargets(inventory.hosts, inventory, { homeFolder, localUser: 'me', environment });
  const shown = JSON.parse(JSON.stringify(Object.fromEntries(targets)).replaceAll(homeFolder, '~'));
  return { targets, shown };
}

const told = (given: Given) => thrownBy(() => targetsOf(given)).replaceAll('/etc/cluster/', '');

describe('how a host is reached', () => {
  it('by default: as root, with the usual keys, checked against the usual files', () => {
    expect(targetsOf({ config: 'GlobalKnownHostsFile /etc/ssh/ssh_known_hosts' }).shown.node1).toEqual({
      name: 'node1',
      address: '10.0.0.11',
      port: 22,
      user: 'root',
      identities: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((key) => ({ file: `~/.ssh/${key}`, namedBy: 'default' })),
      identitiesOnly: false,
      knownHostsFiles: ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'],
    });
  });

  it('by ssh_config, which knows it under the name that the inventory gives it', () => {
    const config = `Host 10.0.0.11
  HostName %h.example.org
  User op
  Port 2222
  IdentityFile ~/.ssh/%r
  UserKnownHostsFile ~/.ssh/cluster
  HostKeyAlias first
  IdentitiesOnly yes
  IdentityAgent ~/agent`;
    expect(targetsOf({ config, vars: '    ansible_become: true' }).shown.node1).toEqual({
      name: 'node1',
      address: '10.0.0.11.example.org',
      port: 2222,
      user: 'op',
      identities: [{ file: '~/.ssh/op', namedBy: 'ssh_config' }],
      identitiesOnly: true,
      agentSocket: '~/agent',
      knownHostsFiles: ['~/.ssh/cluster'],
      hostKeyAlias: 'first',
    });
  });

  it('by the inventory before ssh_config', () => {
    const vars = `    ansible_user: root
    ansible_port: 23
    ansible_ssh_private_key_file: ./key
    ssh_key_passphrase: phrase
    ssh_known_hosts_file: ./known
    ansible_password: secret
    ssh_proxy_jump: none`;
    const config = 'User op\nPort 2222\nIdentityFile ~/.ssh/id\nUserKnownHostsFile ~/.ssh/cluster\nProxyJump bastion\n';
    expect(targetsOf({ config, vars }).shown.node1).toEqual({
      name: 'node1',
      address: '10.0.0.11',
      port: 23,
      user: 'root',
      identities: [
        { file: '/etc/cluster/key', namedBy: 'inventory' },
        { file: '~/.ssh/id', namedBy: 'ssh_config' },
      ],
      identitiesOnly: false,
      password: 'secret',
      passphrase: 'phrase',
      knownHostsFiles: ['/etc/cluster/known'],
    });
  });

  it.each([
    ['', '/run/agent'],
    ['IdentityAgent none', undefined],
    ['IdentityAgent SSH_AUTH_SOCK', '/run/agent'],
    ['IdentityAgent $OTHER', '/run/other'],
    [`IdentityAgent $\{NOWHERE}`, undefined],
  ])('its agent, with "%s"', (config, socket) => {
    const environment = { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' };
    expect(targetsOf({ config, environment }).shown.node1.agentSocket).toBe(socket);
  });

  it.each([
    ['IdentityFile none', []],
    ['IdentityFile none\nIdentityFile ~/.ssh/id', [{ file: '~/.ssh/id', namedBy: 'ssh_config' }]],
  ])('without the usual keys, with "%s"', (config, identities) => {
    expect(targetsOf({ config }).shown.node1.identities).toEqual(identities);
  });

  it.each([
    ['UserKnownHostsFile none', '', true],
    ['UserKnownHostsFile none', '    ssh_known_hosts_file: known', undefined],
    ['', '', undefined],
  ])('and whether new host keys are recorded nowhere, with "%s%s"', (config, vars, isSet) => {
    expect(targetsOf({ config, vars }).shown.node1.recordsNoKeys).toBe(isSet);
  });

  it('without any ssh_config when the inventory says none', () => {
    expect(targetsOf({ config: 'User op', vars: '    ssh_config_file: none' }).shown.node1.user).toBe('root');
  });
});

describe('jump hosts', () => {
  it('of ssh_config: the same for all, with settings of their own, and keys and known_hosts of the hosts behind', () => {
    const config = `Host bastion
  HostName 192.0.2.1
  Port 2200
Host *
  ProxyJump op@bastion`;
    const vars = '    ansible_password: secret\n    ansible_ssh_private_key_file: key\n    ssh_known_hosts_file: known';
    const { targets, shown } = targetsOf({ config, vars });
    expect(shown.node1.jump).toEqual({
      name: 'jump host bastion',
      address: '192.0.2.1',
      port: 2200,
      user: 'op',
      identities: [{ file: '/etc/cluster/key', namedBy: 'ssh_config' }],
      identitiesOnly: false,
      knownHostsFiles: ['/etc/cluster/known'],
    });
    expect(targets.get('node1')?.jump).toBe(targets.get('node2')?.jump);
  });

  it('are logged in to as the user here, as ssh does', () => {
    expect(targetsOf({ vars: '    ssh_proxy_jump: bastion' }).shown.node1.jump.user).toBe('me');
  });

  it('in a chain: the last one reaches the host', () => {
    const { jump } = targetsOf({ vars: '    ssh_proxy_jump: a@first:1, ssh://b@[2001:db8::1]:2' }).shown.node1;
    expect(jump).toMatchObject({ address: '2001:db8::1', port: 2, user: 'b' });
    expect(jump.jump).toMatchObject({ address: 'first', port: 1, user: 'a' });
  });

  it('that are hosts of the inventory are reached as it says, and not through themselves', () => {
    const { targets, shown } = targetsOf({ vars: '    ansible_port: 2222\n    ssh_proxy_jump: master1' });
    expect(shown.master1.jump).toBeUndefined();
    expect(shown.node1.jump).toMatchObject({ name: 'master1', address: '10.0.0.1', port: 2222, user: 'root' });
    expect(targets.get('node1')?.jump).toBe(targets.get('master1'));
  });

  it('that are hosts of the inventory are so at any place of a chain, which goes before their own way', () => {
    const rest =
      '    edge: { hosts: { bastion: { ansible_host: 192.0.2.1, ansible_user: ops, ansible_password: secret } } }';
    const { shown } = targetsOf({
      vars: '    ssh_proxy_jump: none',
      rest: `${rest}\n${nodesBehind('bastion,master1')}`,
    });
    expect(shown.node3.jump).toMatchObject({ name: 'master1', address: '10.0.0.1', user: 'root' });
    expect(shown.node3.jump.jump).toMatchObject({
      name: 'bastion',
      address: '192.0.2.1',
      user: 'ops',
      password: 'secret',
    });
    expect(shown.node3.jump.jump.jump).toBeUndefined();
  });

  it('that are hosts of the inventory are logged in to as the jump says, if it says so', () => {
    const { shown } = targetsOf({ vars: '    ansible_port: 22', rest: nodesBehind('op@master1:2200') });
    expect(shown.node3.jump).toMatchObject({ name: 'master1', address: '10.0.0.1', user: 'op', port: 2200 });
  });

  it.each([
    ['10.0.0.13', undefined],
    ['root@10.0.0.13:22', undefined],
    ['10.0.0.13:2222', { address: '10.0.0.13', port: 2222, user: 'me' }],
    ['node3:2222', { address: '10.0.0.13', port: 2222, user: 'root' }],
    ['op@node3', undefined],
  ])('are no other than the host itself only at its port: %s', (jump, expected) => {
    const found = targetsOf({ rest: nodesBehind(jump) }).shown.node3.jump;
    if (expected) expect(found).toMatchObject(expected);
    expect(found === undefined).toBe(expected === undefined);
  });
});

const nodesBehind = (jump: string): string =>
  `    behind: { hosts: { node3: { ansible_host: 10.0.0.13, ssh_proxy_jump: "${jump}" } } }`;

describe('refuses', () => {
  it('a circle', () => {
    const config = 'Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n';
    expect(told({ config, vars: '    ssh_proxy_jump: a' })).toMatchInlineSnapshot(`
      "✖ JUMP_CIRCLE  inventory.yaml:5:21
        The jump hosts lead in a circle: node2 → a → b → a
          5 |     ssh_proxy_jump: a
            |                     ^
        Give the first of them ssh_proxy_jump: none, or ProxyJump none in ssh_config."
    `);
  });

  it.each(['a:b:', 'a b', '@a', 'a,,b'])('what is no jump host: "%s"', (hop) => {
    expect(told({ vars: `    ssh_proxy_jump: "${hop}"` })).toMatch(/^✖ CONFIG_INVALID {2}inventory.yaml:5:21/);
  });

  it('a line of ssh_config once for all hosts', () => {
    expect(told({ config: 'ProxyCommand nc %h %p' }).match(/SSH_CONFIG_UNSUPPORTED/g)).toHaveLength(1);
  });
});
