import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSsh } from '../../src/transport/ssh.ts';
import { shareSsh } from '../../src/transport/ssh-connection.ts';
import type { SshTarget } from '../../src/transport/ssh-target.ts';
import { atTerminal } from '../lab/at-terminal.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { on, onEach } from '../lab/read-hosts.ts';
import { restartSshd } from '../lab/restart-sshd.ts';
import { readRun, runUp, startCommand } from '../lab/run-up.ts';
import { told } from '../lab/settle.ts';

const secretOf = (name: string): string => `${name}-${randomBytes(6).toString('hex')}`;
const [password, passphrase] = [secretOf('password'), secretOf('passphrase')];

/** Root's rights come with the login, from sudo without a password, or from sudo with one. */
const rights = {
  root: { user: 'root', become: {} },
  sudo: { user: 'ops', become: { ansible_become: true } },
  'sudo with a password': { user: 'deploy', become: { ansible_become: true, ansible_become_password: 'deploy' } },
} as const;
type Rights = (typeof rights)[keyof typeof rights];

/** Looks again and again for a text among the arguments of all processes, those of the lab's hosts among them. */
function watchProcesses(texts: readonly string[]): () => { readonly seen: readonly string[]; readonly looks: number } {
  const seen = new Set<string>();
  let looks = 0;
  const look = (): void => {
    looks += 1;
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        const commandLine = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
        if (texts.some((text) => commandLine.includes(text))) seen.add(commandLine);
      } catch {
        // it has ended
      }
  };
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    return { seen: [...seen], looks };
  };
}

describeLab('every way in', (lab) => {
  const path = (name: string): string => join(lab.folder, `test-ways-${name}`);
  const address = (host: string): string => lab.host(host).address;
  const dropIn = '/etc/ssh/sshd_config.d/ways-in.conf';
  const shadow = '/root/shadow-before';
  let agent: ChildProcess | undefined;

  beforeAll(async () => {
    copyFileSync(lab.keyPath, path('key'));
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', path('key')]);
    agent = spawn('ssh-agent', ['-D', '-a', path('agent')], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (agent.stdout) await once(agent.stdout, 'data');
    execFileSync('ssh-add', ['-q', lab.keyPath], { env: { ...process.env, SSH_AUTH_SOCK: path('agent') } });
    // node1 answers cp1 alone, on another port; node2 takes passwords: of root by one method, of others by the other alone
    await on(
      lab,
      'node1',
      `printf 'Port 22\\nPort 2222\\n' >${dropIn}; ${restartSshd}
iptables -w -I INPUT -p tcp --dport 2222 ! -s ${address('cp1')} -j REJECT`,
    );
    await on(
      lab,
      'node2',
      `[ -e ${shadow} ] || cp -p /etc/shadow ${shadow}; for user in root ops deploy; do echo "$user:${password}"; done | chpasswd
cat >${dropIn} <<'END'
PermitRootLogin yes
Match User ops,deploy
  AuthenticationMethods keyboard-interactive
  KbdInteractiveAuthentication yes
END
${restartSshd}`,
    );
  });

  afterAll(async () => {
    agent?.kill();
    await on(lab, 'node1', `iptables -w -D INPUT -p tcp --dport 2222 ! -s ${address('cp1')} -j REJECT`);
    await on(lab, 'node2', `mv ${shadow} /etc/shadow`);
    await onEach(lab, ['cp1', 'node1', 'node2'], `rm -f ${dropIn}; ${restartSshd}`);
  });

  function writeWays(
    name: string,
    { user, become }: Rights,
    change: (hosts: Record<string, Record<string, unknown>>) => void = () => {},
  ): string {
    writeFileSync(
      path('ssh_config'),
      `Host first
  HostName ${address('node1')}
  HostKeyAlias ${address('node1')}
  Port 2222
  User ${user}
  IdentityFile ${lab.keyPath}
  ProxyJump bastion
Host bastion
  HostName ${address('cp1')}
  User ops
  IdentityFile ${lab.keyPath}
Host ${address('cp1')}
  IdentityAgent ${path('agent')}
`,
    );
    return writeInventory(lab, `ways-${name}`, ({ all }) => {
      const { ansible_ssh_private_key_file: _key, ansible_user: _user, ...vars } = all.vars;
      all.vars = Object.assign(vars as typeof all.vars, { ssh_config_file: path('ssh_config') });
      const hosts = { ...all.children.control_plane.hosts, ...all.children.nodes.hosts };
      Object.assign(hosts['cp1'] ?? {}, { ansible_user: user, ...become });
      Object.assign(hosts['cp2'] ?? {}, {
        ...{ ansible_user: user, ...become, ansible_ssh_private_key_file: path('key') },
        ssh_key_passphrase: { env: 'WAYS_PASSPHRASE' },
      });
      Object.assign(hosts['node1'] ?? {}, { ansible_host: 'first', ...become });
      Object.assign(hosts['node2'] ?? {}, {
        ...{ ansible_user: user, ansible_password: { env: 'WAYS_PASSWORD' }, ...become },
        ...('ansible_become_password' in become && { ansible_become_password: { env: 'WAYS_PASSWORD' } }),
      });
      change(hosts);
    });
  }

  test.each(Object.entries(rights))(
    'agent, encrypted key, password and jump host, %s: two commands each, and no secret is seen anywhere',
    async (_, way) => {
      const stopWatching = watchProcesses([password, passphrase]);
      const secrets = { WAYS_PASSWORD: password, WAYS_PASSPHRASE: passphrase };
      const { outcome } = startCommand(['plan', writeWays('all', way), '--output', 'json', '--debug'], secrets);
      const run = readRun(await outcome);
      const { seen, looks } = stopWatching();
      expect(run.codes, told(run)).toEqual([]);
      const finished = run.events.findLast(({ type }) => type === 'plan-finished');
      expect(finished).toMatchObject({ hosts: lab.hosts.map(({ name }) => ({ host: name, commands: 2 })) });
      expect(looks).toBeGreaterThan(5);
      expect(seen).toEqual([]);
      for (const secret of [password, passphrase]) expect(run.stdout + run.stderr).not.toContain(secret);
    },
  );

  test('the passphrase is asked for at a terminal, and not shown', async () => {
    const inventory = writeWays('asked', rights.sudo, (hosts) => delete hosts['cp2']?.['ssh_key_passphrase']);
    const asked = [['Passphrase for', passphrase]] as const;
    const environment = { WAYS_PASSWORD: password };
    const { code, shown } = await atTerminal(['plan', inventory, '--limit', 'cp2'], asked, { environment });
    expect([0, 2], shown).toContain(code);
    expect(shown).toContain(`Passphrase for ${path('key')}`);
    expect(shown).not.toContain(passphrase);
    expect(await runUp(inventory, '--limit', 'cp2')).toMatchObject({ code: 3, codes: ['SSH_KEY_LOCKED'] });
  });

  test('a changed host key stops with both fingerprints', async () => {
    const [known, offered] = [path('other-key'), path('offered.pub')];
    for (const left of [known, `${known}.pub`]) rmSync(left, { force: true });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', known]);
    writeFileSync(offered, await on(lab, 'node2', 'cat /etc/ssh/ssh_host_ed25519_key.pub'));
    writeFileSync(path('known_hosts'), `${address('node2')} ${readFileSync(`${known}.pub`, 'utf8')}`);
    const print = (file: string) => execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? '';
    const inventory = writeInventory(lab, 'ways-changed', ({ all }) => {
      Object.assign(all.children.nodes.hosts['node2'] ?? {}, { ssh_known_hosts_file: path('known_hosts') });
    });
    const run = readRun(await startCommand(['plan', inventory, '--output', 'json', '--limit', 'node2']).outcome);
    const why = run.failures.find(({ host }) => host === 'node2')?.error.why ?? '';
    expect(run.codes, told(run)).toContain('HOST_KEY_CHANGED');
    expect(why).toContain(`offered: ssh-ed25519 ${print(offered)}`);
    expect(why).toContain(`known:   ssh-ed25519 ${print(`${known}.pub`)}  ${path('known_hosts')}:1`);
  });

  test('twenty connections get through an sshd with MaxStartups 2, and through a jump host with MaxSessions 2', async () => {
    await on(lab, 'cp1', `printf 'MaxStartups 2:100:2\\nMaxSessions 2\\n' >${dropIn}; ${restartSshd}`);
    await on(lab, 'node1', `printf 'MaxStartups 2:100:2\\n' >${dropIn}; ${restartSshd}`);
    const to = (host: string): SshTarget => ({
      ...{ name: host, address: address(host), port: 22, user: 'root', identitiesOnly: true },
      identities: [{ file: lab.keyPath, namedBy: 'inventory' }],
      knownHostsFiles: [lab.knownHostsPath],
    });
    const share = shareSsh();
    const options = { connectTimeoutMs: 20_000, acceptNewHostKeys: false, attempts: 10, share };
    const viaJump = { ...to('node1'), jump: to('cp1') };
    for (const target of [to('node1'), viaJump]) {
      const transports = await Promise.all([...Array(20)].map(() => connectSsh(target, options)));
      const sessions = await on(lab, 'cp1', 'ss -Htn state established sport = :22 | wc -l');
      const answers = await Promise.all(transports.map((one) => one.run('echo hello\n', { timeoutMs: 20_000 })));
      for (const transport of transports) transport.close();
      expect(answers.map(({ stdout }) => stdout)).toEqual(Array(20).fill('hello\n'));
      // one from the lab itself, which counts them
      expect(Number(sessions)).toBe(target === viaJump ? 2 : 1);
    }
  });

  test('a host that an authority certified is known without its key, directly and through a jump host', async () => {
    const [authority, hostKey] = [path('authority'), path('host.pub')];
    for (const left of [authority, `${authority}.pub`]) rmSync(left, { force: true });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', authority]);
    writeFileSync(hostKey, await on(lab, 'node1', 'cat /etc/ssh/ssh_host_ed25519_key.pub'));
    const show = async (...options: string[]) => {
      execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'node1', '-h', ...options, hostKey]);
      const certificate = readFileSync(path('host-cert.pub'), 'utf8').trim();
      await on(
        lab,
        'node1',
        `echo '${certificate}' >/etc/ssh/ways-in-cert.pub
printf 'HostCertificate /etc/ssh/ways-in-cert.pub\\n' >${dropIn}; ${restartSshd}`,
      );
    };
    const known = path('certified_known_hosts');
    writeFileSync(known, `@cert-authority * ${readFileSync(`${authority}.pub`, 'utf8')}`);
    const to = (host: string, file: string): SshTarget => ({
      ...{ name: host, address: address(host), port: 22, user: 'root', identitiesOnly: true },
      identities: [{ file: lab.keyPath, namedBy: 'inventory' }],
      knownHostsFiles: [file],
    });
    const options = { connectTimeoutMs: 20_000, acceptNewHostKeys: false, attempts: 10 };
    const direct = to('node1', known);
    try {
      await show('-n', `node1,${address('node1')}`);
      for (const target of [direct, { ...direct, jump: to('cp1', lab.knownHostsPath) }]) {
        const transport = await connectSsh(target, options);
        expect((await transport.run('hostname\n', { timeoutMs: 20_000 })).stdout).toBe('node1\n');
        transport.close();
      }
      await show('-n', address('node1'), '-V', '20200101000000Z:20210101000000Z');
      await expect(connectSsh(direct, options)).rejects.toMatchObject({
        code: 'HOST_KEY_UNKNOWN',
        why: expect.stringContaining('it expired at 2021-01-01T00:00:00Z'),
      });
    } finally {
      await on(lab, 'node1', `rm -f /etc/ssh/ways-in-cert.pub ${dropIn}; ${restartSshd}`);
    }
  });
});
