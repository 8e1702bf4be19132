import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute } from '../../src/lab/execute.ts';
import { connectSsh } from '../../src/transport/ssh.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { foreignShells, installShells, makeNoise, makeQuiet } from '../lab/login-shells.ts';
import { on, onEach } from '../lab/read-hosts.ts';
import { restartSshd } from '../lab/restart-sshd.ts';
import { runUp } from '../lab/run-up.ts';
import { namesOf, settle, told } from '../lab/settle.ts';

const ways = {
  root: { ansible_user: 'root' },
  sudo: { ansible_user: 'ops', ansible_become: true },
  'sudo with a password': {
    ansible_user: 'deploy',
    ansible_become: true,
    ansible_become_password: 'deploy',
  },
} as const;
const users = ['root', 'ops', 'deploy'];
const shells = { bash: '/bin/bash', dash: '/bin/dash', ...foreignShells };

describeLab("ways to root's rights", (lab) => {
  beforeAll(async () => {
    await settle(lab);
    await installShells(lab, ['node1']);
    await onEach(lab, namesOf(lab), `sed -i "s/^Subsystem/#&/" /etc/ssh/sshd_config; ${restartSshd}`);
    await makeNoise(lab, 'node1', users);
  });
  afterAll(async () => {
    await onEach(
      lab,
      namesOf(lab),
      `sed -i "s/^#Subsystem/Subsystem/" /etc/ssh/sshd_config; ${restartSshd}; rm -f /etc/sudoers.d/test; userdel -rf guest 2>/dev/null; [ ! -e /usr/bin/sudo.away ] || mv /usr/bin/sudo.away /usr/bin/sudo`,
    );
    await makeQuiet(lab, 'node1', users);
    await settle(lab);
  });

  test('SFTP is off, and the login shell of node1 noisy', async () => {
    const { code } = await execute('ssh', ['-s', ...lab.sshArguments('node1'), 'sftp']);
    expect(code).not.toBe(0);
    for (const user of users) {
      const { stdout } = await execute('ssh', [...lab.sshArguments('node1', user), 'true']);
      expect(stdout, user).toContain('Welcome!');
    }
  });

  test.each(Object.entries(ways))('a host with nothing to do costs two commands: %s', async (_name, variables) => {
    const inventory = writeInventory(lab, 'way-in', ({ all }) => Object.assign(all.vars, variables));
    const run = await runUp(inventory);
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual([]);
    for (const host of namesOf(lab)) expect(run.summary(host), host).toMatchObject({ commands: 2, uploads: 0 });
  });

  describe.each(Object.entries(shells))('through %s', (_name, shell) => {
    beforeAll(() =>
      on(lab, 'node1', `for user in ${users.join(' ')}; do usermod -s ${shell} $user 2>/dev/null; done; :`),
    );

    test.each(Object.entries(ways))('scripts and uploads arrive whole: %s', async (_name, variables) => {
      const { address } = lab.host('node1');
      const { ansible_user: user } = variables;
      const password = 'ansible_become_password' in variables ? { password: variables.ansible_become_password } : {};
      const transport = await connectSsh(
        {
          ...{ name: 'node1', address, port: 22, user, knownHostsFiles: [lab.knownHostsPath] },
          ...{ identities: [{ file: lab.keyPath, namedBy: 'inventory' as const }], identitiesOnly: true },
        },
        { connectTimeoutMs: 10_000, acceptNewHostKeys: false, attempts: 3 },
        user === 'root' ? undefined : password,
      );
      try {
        const entry = await on(lab, 'node1', `getent passwd ${user}`);
        expect(entry.endsWith(`:${shell}`), entry).toBe(true);
        const script = `id -u; printf '%s\\n' "it's \\$HOME" '!history' 'a\\b'; exit 7\n`;
        const told = await transport.run(script, { timeoutMs: 20_000 });
        expect(told).toEqual({ code: 7, stdout: "0\nit's $HOME\n!history\na\\b\n", stderr: '' });
        const content = Buffer.concat([Buffer.from('!not $a script\n\\'), randomBytes(300_000)]);
        const sent = await transport.send('id -u; base64 -w 0', Readable.from([content]), { timeoutMs: 20_000 });
        expect(sent.stdout).toBe(`0\n${content.toString('base64')}`);
      } finally {
        transport.close();
      }
    });
  });

  test('each obstacle has a name of its own, and a wrong password is tried once', async () => {
    await Promise.all([
      on(lab, 'cp1', 'id guest >/dev/null 2>&1 || useradd -m -s /bin/bash guest; echo guest:sesame | chpasswd'),
      on(lab, 'cp2', 'echo "Defaults requiretty" >/etc/sudoers.d/test'),
      on(lab, 'node1', 'usermod -s /usr/sbin/nologin deploy'),
      on(lab, 'node2', 'mv /usr/bin/sudo /usr/bin/sudo.away'),
    ]);
    const faults = writeInventory(lab, 'faults', ({ all }) => {
      Object.assign(all.vars, ways['sudo with a password']);
      Object.assign(all.children.control_plane.hosts['cp1'] ?? {}, {
        ansible_user: 'guest',
        ansible_become_password: 'sesame',
      });
    });
    const run = await runUp(faults);
    const found = Object.fromEntries(run.failures.map(({ host, error }) => [host, error]));
    expect(found, told(run)).toMatchObject({
      cp1: { code: 'SUDO_REFUSED', why: expect.stringContaining('guest is not in the sudoers file') },
      cp2: { code: 'SUDO_NEEDS_TTY', fix: expect.stringContaining('!requiretty') },
      node1: { code: 'LOGIN_SHELL_FAILED', why: expect.stringContaining('not available') },
      node2: { code: 'SUDO_MISSING' },
    });
    expect(run.code).toBe(3);

    await onEach(
      lab,
      ['cp2', 'node2'],
      'rm -f /etc/sudoers.d/test; mv /usr/bin/sudo.away /usr/bin/sudo 2>/dev/null; :',
    );
    const since = await on(lab, 'cp2', 'date "+%F %T"');
    const passwords = writeInventory(lab, 'passwords', ({ all }) => {
      Object.assign(all.vars, ways.sudo);
      Object.assign(all.children.control_plane.hosts['cp2'] ?? {}, {
        ansible_user: 'deploy',
        ansible_become_password: 'mistaken',
      });
      Object.assign(all.children.nodes.hosts['node2'] ?? {}, { ansible_user: 'deploy' });
    });
    const second = await runUp(passwords);
    expect(second.failures.map(({ host, error }) => [host, error.code]).sort(), told(second)).toEqual([
      ['cp2', 'SUDO_PASSWORD_WRONG'],
      ['node2', 'SUDO_PASSWORD_NEEDED'],
    ]);
    const attempts = await on(
      lab,
      'cp2',
      `journalctl -q -t sudo --since '${since}' -o cat | grep -Ec 'authentication failure|conversation failed|password attempt'`,
    );
    expect(attempts).toBe('1');
    expect(second.stdout).not.toContain('mistaken');
  });

  test('a user without root’s rights is refused at the line that names it', async () => {
    const inventory = writeInventory(lab, 'no-become', ({ all }) => Object.assign(all.vars, { ansible_user: 'ops' }));
    const run = await runUp(inventory);
    expect(run.code).toBe(2);
    expect(new Set(run.codes)).toEqual(new Set(['ROOT_NEEDED']));
    expect(run.failures[0]?.error.where ?? run.stderr).toMatch(/test-no-become\.yaml:\d+:\d+/);
  });
});
