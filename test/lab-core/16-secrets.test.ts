import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIdentity, encrypt } from '../../src/config/age.ts';
import { must } from '../../src/lab/execute.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { type ChangedPackage, changePackage } from '../lab/changed-package.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { type MarkedSecret, markSecret, searchHost } from '../lab/marked-secrets.ts';
import { eventually, on, onEach } from '../lab/read-hosts.ts';
import { namesOf } from '../lab/settle.ts';
import { watchProcesses } from '../lab/watch-processes.ts';

const base = '/var/tmp/secrets';

const playbook = `name: up
description: files that hold secrets
stages:
  - name: Secrets are on the hosts
    hosts: all
    tasks:
      - name: A file that takes its time has a secret
        when: { host.name: node1 }
        file: { path: ${base}/slow, mode: "0600", secret: true, content: "{{ in_file }}" }
      - name: A secret file has a secret
        file: { path: ${base}/secret, mode: "0600", secret: true, content: "{{ in_environment }}" }
      - name: A file has secrets, among them {{ in_environment }}
        file: { path: ${base}/text, mode: "0600", template: marked.hbs }
      - name: A directory has a secret in its name, and cannot be
        when: { may_fail: true }
        directory: { path: "/proc/{{ in_path }}" }
`;
const template = 'a {{in_environment}}\nb {{in_age}}\n{{in_file}}';

const unhandy = (core: string): string => `${core}'s "word" $HOME\\ü`;
/** Longer than a pipe takes at once: who writes it waits for its reader. */
const long = (core: string): string => `${`${core} it's long\n`.repeat(3000)}end`;

/** Ways in that take a secret: how a host is prepared, and what the inventory says of it. */
const ways: Record<string, { secret: MarkedSecret; prepare: Prepare; variables: Record<string, unknown> }> = {
  cp1: {
    secret: markSecret(unhandy),
    prepare: (lab, secret) => setPassword(lab, 'cp1', secret),
    variables: { ansible_user: 'deploy', ansible_become: true, ansible_become_password: { env: 'IN_CP1' } },
  },
  cp2: {
    secret: markSecret(unhandy),
    prepare: async (lab, secret) => {
      await setPassword(lab, 'cp2', secret);
      await makeKey(join(lab.folder, 'unknown-key'));
    },
    variables: {
      ansible_user: 'deploy',
      ansible_ssh_private_key_file: 'unknown-key',
      ansible_password: { env: 'IN_CP2' },
      ansible_become: true,
      ansible_become_password: { env: 'IN_CP2' },
    },
  },
  node2: {
    secret: markSecret(unhandy),
    prepare: async (lab, secret) => {
      const key = join(lab.folder, 'encrypted-key');
      copyFileSync(join(lab.folder, 'id_ed25519'), key);
      chmodSync(key, 0o600);
      await must('ssh-keygen', ['-p', '-f', key, '-P', '', '-N', secret]);
    },
    variables: { ansible_ssh_private_key_file: 'encrypted-key', ssh_key_passphrase: { env: 'IN_NODE2' } },
  },
};

type Prepare = (lab: Lab, secret: string) => Promise<unknown>;

const setPassword: (lab: Lab, host: string, password: string) => Promise<unknown> = (lab, host, password) =>
  on(lab, host, `chpasswd <<'END'\ndeploy:${password}\nEND`);

async function makeKey(path: string): Promise<void> {
  rmSync(path, { force: true });
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
}

describeLab('no secret shows', (lab) => {
  const secrets = {
    in_environment: markSecret(unhandy),
    in_environment_before: markSecret(unhandy),
    in_age: markSecret(unhandy),
    in_file: markSecret(long),
    in_path: markSecret((core) => core),
  };
  /** Of the lab itself: its administrator's key in the kubeconfig, and the key that logs in. */
  const kept = (): readonly string[] => {
    const kubeconfig = readFileSync(join(lab.folder, 'admin.kubeconfig'), 'utf8');
    const key = readFileSync(join(lab.folder, 'id_ed25519'), 'utf8').split('\n');
    return [/client-key-data: (.{60})/.exec(kubeconfig)?.[1] ?? 'no client-key-data', key[2] ?? 'no third line'];
  };
  let changed: ChangedPackage;
  let inventory = '';
  let traces: readonly string[] = [];
  const written: string[] = [];

  beforeAll(async () => {
    changed = await changePackage(join(lab.folder, 'secrets'), playbook, { 'marked.hbs': template });
    const identity = await createIdentity();
    writeFileSync(join(lab.folder, 'age.txt'), identity.text, { mode: 0o600 });
    writeFileSync(join(lab.folder, 'secret.txt'), secrets.in_file.value, { mode: 0o600 });
    const age = await encrypt(secrets.in_age.value, [identity.recipient]);
    for (const { secret, prepare } of Object.values(ways)) await prepare(lab, secret.value);
    inventory = writeInventory(lab, 'secrets', ({ all }) => {
      for (const group of Object.values(all.children))
        for (const [name, host] of Object.entries(group.hosts)) Object.assign(host, ways[name]?.variables);
      Object.assign(all.vars, {
        in_environment: { env: 'MARKED' },
        in_age: { age },
        in_file: { file: 'secret.txt' },
        in_path: { env: 'IN_PATH' },
        may_fail: false,
      });
    });
    const secretsOfWays = Object.values(ways).map(({ secret }) => secret);
    traces = [...[...Object.values(secrets), ...secretsOfWays].flatMap((one) => one.traces), ...kept()];
    await onEach(lab, namesOf(lab), `rm -rf ${base}; mkdir -p ${base}`);
    await on(lab, 'node1', `mkfifo ${base}/slow`);
  });
  afterAll(() => onEach(lab, namesOf(lab), `rm -rf ${base}; echo deploy:deploy | chpasswd`));

  const start = (command: string, marked: MarkedSecret, ...options: readonly string[]) =>
    changed.start([command, inventory, '--verbose', '--debug', ...options], {
      MARKED: marked.value,
      IN_PATH: secrets.in_path.value,
      ...Object.fromEntries(
        Object.entries(ways).map(([host, { secret }]) => [`IN_${host.toUpperCase()}`, secret.value]),
      ),
      PROVISION_AGE_IDENTITY_FILE: join(lab.folder, 'age.txt'),
    });

  const up = (marked: MarkedSecret, ...options: readonly string[]) => start('up', marked, ...options);

  test('in the arguments and environment of a process, here or on hosts, while they are written', async () => {
    const run = up(secrets.in_environment_before);
    const watch = watchProcesses(traces, (pid) => pid === run.pid);
    // its before-image is taken from a pipe that nobody writes to: the task waits there, its content on the way
    await eventually('the slow task waits', 60, async () =>
      [...watch.commandLines].some((line) => line.startsWith(`cp -pP ${base}/slow`)),
    );
    watch.look();
    await on(lab, 'node1', `: >${base}/slow`);
    const { code, stdout, stderr } = await run.outcome;
    expect(await watch.stop()).toEqual([]);
    expect(code, (stdout + stderr).slice(0, 3000)).toBe(0);
    expect(await on(lab, 'node1', `cat ${base}/slow`)).toBe(secrets.in_file.value);
    expect(await on(lab, 'cp1', `cat ${base}/secret`)).toBe(secrets.in_environment_before.value);
    expect([...watch.commandLines].some((line) => line.startsWith('sh -s'))).toBe(true);
    written.push(stdout, stderr);
  });

  test('in a plan, though it has the differences of files', async () => {
    const { code, stdout, stderr } = await start('plan', secrets.in_environment, '--output', 'json').outcome;
    expect(code, stdout + stderr).toBe(2);
    expect(stdout).toContain('A file has secrets, among them (secret)');
    for (const trace of traces) expect([stdout, stderr].filter((text) => text.includes(trace))).toEqual([]);
  });

  test('in what a run writes: text, events, errors with the words of hosts, --verbose, --debug', async () => {
    // with another value than before: the one before is on hosts, and does not show either
    writeFileSync(inventory, readFileSync(inventory, 'utf8').replace('may_fail: false', 'may_fail: true'));
    const asEvents = await up(secrets.in_environment, '--output', 'json').outcome;
    const asText = await up(secrets.in_environment, '--limit', 'cp1,node2').outcome;
    for (const { code, stdout, stderr } of [asEvents, asText]) {
      expect(code).toBe(4);
      expect(stdout).toContain('/proc/(secret)');
      expect(stderr).toContain('command 2');
      written.push(stdout, stderr);
    }
    expect(asEvents.stdout).toContain('A file has secrets, among them (secret)');
    for (const trace of traces) expect(written.filter((text) => text.includes(trace))).toEqual([]);
  });

  test('in the records of runs here', () => {
    const records = readdirSync(changed.folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.startsWith('.provision/'))
      .map((path) => join(changed.folder, path))
      .filter((path) => statSync(path).isFile());
    expect(records.filter((path) => path.endsWith('journal.ndjson'))).toHaveLength(3);
    for (const path of records)
      for (const trace of traces) expect(readFileSync(path, 'utf8').includes(trace), `${trace} in ${path}`).toBe(false);
  });

  test('in logs, temporary files, the journal or processes of hosts; only root can enter where before-images are', async () => {
    const places = ['/var/log', '/run', '/tmp', '/etc', '/root', '/home', '/var/lib/provision/cache'];
    const found = await onEach(lab, namesOf(lab), searchHost(places, traces));
    expect(found).toEqual(Object.fromEntries(namesOf(lab).map((name) => [name, ''])));
    const modes = await onEach(
      lab,
      namesOf(lab),
      "stat -c '%a %U' /var/lib/provision /var/lib/provision/undo | sort -u",
    );
    expect(new Set(Object.values(modes))).toEqual(new Set(['700 root']));
    const before = await on(
      lab,
      'cp1',
      `find /var/lib/provision/undo -path '*${base}/secret' -exec stat -c '%a %U' {} + | sort -u`,
    );
    expect(before).toBe('600 root');
  });
});
