import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { run } from '../../src/engine/run.ts';
import type { StageTask } from '../../src/engine/stage.ts';
import { openJournal } from '../../src/journal/journal.ts';
import type { Manifest } from '../../src/kubernetes/cluster/manifest.ts';
import { defineClusterOperation } from '../../src/operations/cluster-operation.ts';
import { file } from '../../src/operations/files/file.ts';
import { readRun, runCommand, type ToldEvent, warningsOf } from '../lab/run-up.ts';
import { tasksTold } from '../lab/tasks-told.ts';
import { begin } from '../unit/journal/runs.ts';
import { startCluster } from './cluster-server.ts';
import { note, request, stage, task } from './operations.ts';
import { canMakeHosts } from './private-host.ts';
import { type Setting, setUp } from './setting.ts';

const account: Manifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'r', namespace: 'kube-system' },
  automountServiceAccountToken: false,
};

/** Every file of the host that is its own, with all that is known of it. */
const allOf = ({ host }: Setting): readonly string[] =>
  ['/var/lib', '/run', '/tmp'].flatMap((folder) =>
    readdirSync(host.path(folder), { recursive: true, encoding: 'utf8' }).map((name) => {
      const path = host.path(`${folder}/${name}`);
      const seen = lstatSync(path);
      const { mode, uid, gid, mtimeMs } = seen;
      const content = seen.isSymbolicLink() ? readlinkSync(path) : seen.isFile() ? readFileSync(path, 'base64') : '';
      return [`${folder}/${name}`, mode, uid, gid, mtimeMs, content].join(' ');
    }),
  );

const inventoryOf = (settings: readonly Setting[]) => {
  const hosts = settings.map(({ host, server, keyFile, knownHostsFile }) => [
    host.name,
    {
      ansible_host: '127.0.0.1',
      ansible_port: server.port,
      ansible_user: 'root',
      ansible_ssh_private_key_file: keyFile,
      ssh_known_hosts_file: knownHostsFile,
    },
  ]);
  return {
    all: {
      vars: {
        cluster: { kubeconfig: 'kubeconfig', pod_cidr: '10.5.0.0/16', service_cidr: '10.6.0.0/16' },
        artifacts: { cni_plugins: { path: 'cni.tgz', sha256: '0'.repeat(64) } },
      },
      children: { control_plane: { hosts: { a: {} } }, nodes: { hosts: Object.fromEntries(hosts) } },
    },
  };
};

/** Two hosts and an API that the run r1 has changed, and the command in a folder that remembers it. */
async function afterRun() {
  const settings = [await setUp({ host: { name: 'a' } }), await setUp({ host: { name: 'b' } })] as const;
  const folder = mkdtempSync(join(tmpdir(), 'provision-undo-plan-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cluster = await startCluster(join(folder, 'kubeconfig'));
  const inventory = join(folder, 'inventory.yaml');
  writeFileSync(inventory, JSON.stringify(inventoryOf(settings)));

  const { scratch } = settings[0].host;
  const want = (name: string, content: string, stops: readonly string[] = []): StageTask => {
    const desired = file.schema.parse({ path: `${scratch}/${name}`, content });
    return { ...task({ ...file, undoStops: () => stops }), resolve: () => [{ status: 'known', task: name, desired }] };
  };
  const makes = defineClusterOperation({
    scope: 'cluster',
    name: 'makes',
    schema: z.any(),
    countsAsChange: true,
    diff: () => [{ subject: 'account', action: 'create' }],
    remember: () => [{ before: null, left: account }],
    async apply() {
      cluster.make(account);
      return 'made';
    },
  });
  const stages = [
    stage('files', ['a', 'b'], [want('theirs', 'ours'), want('new', 'new')]),
    stage('objects', ['a'], [task(makes)]),
    stage(
      'more files',
      ['a'],
      [want('more', 'more', ['x\\x2dy.service']), task(note, () => ({ path: `${scratch}/note`, text: 'stays' }))],
    ),
  ];
  for (const { host } of settings) writeFileSync(host.path(`${scratch}/theirs`), 'theirs');
  const journal = openJournal(join(folder, '.provision/runs'), 'r1');
  const hosts = settings.map(({ host: { name } }) => ({ name, address: '127.0.0.1' }));
  journal.record(begin('r1', { inventory, hosts }));
  const asked = request(settings, stages, { id: 'r1', journal });
  expect(await run(asked.request)).toBe('changed');

  const type = (...words: string[]) => runCommand(words, { HOME: folder }, { folder });
  return {
    settings,
    cluster,
    scratch,
    type,
    read: async (...words: string[]) => readRun(await type('undo', ...words, '--output', 'json')),
    /** All that a plan must leave as it is. */
    everything: async () => ({
      hosts: settings.map(allOf),
      here: readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted(),
      history: (await type('history', '--output', 'json')).stdout,
      hasAccount: cluster.has(account),
    }),
  };
}

const stagesOf = (events: readonly ToldEvent[]) =>
  events.flatMap((event) => (event.type === 'stage-planned' ? [event.stage] : []));

const undoesOf = (events: readonly ToldEvent[]) =>
  events.flatMap((event) => (event.type === 'run-started' ? [event.command, event.undoes] : []));

test('undo in a folder without runs says where it looked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'provision-undo-plan-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const type = (...words: string[]) => runCommand(['undo', ...words], { HOME: folder }, { folder });
  for (const [words, code, name] of [
    [[], 2, 'NOTHING_TO_UNDO'],
    [['--plan'], 1, 'NOTHING_TO_UNDO'],
    [['2026'], 2, 'RUN_NOT_FOUND'],
  ] as const) {
    const told = await type(...words);
    expect([told.code, told.stdout], told.stderr).toEqual([code, '']);
    expect(told.stderr).toContain(name);
    expect(told.stderr).toContain(`looked in ${folder}/.provision/runs`);
  }
}, 120_000);

test.skipIf(!canMakeHosts)(
  'undo --plan tells what undo does then, in its order, and leaves everything as it is',
  async () => {
    const { settings, cluster, scratch, type, read, everything } = await afterRun();
    const steps = ['0001', '0003'].map((name) =>
      readFileSync(settings[0].host.path(`/var/lib/provision/undo/r1/steps/${name}`), 'utf8').split('\n'),
    );
    expect(steps.map(([, title]) => title)).toEqual([
      '# {"stage":"files","task":"theirs"}',
      String.raw`# {"stage":"more files","task":"more","stops":["x\\x2dy.service"]}`,
    ]);
    cluster.make({ ...account, automountServiceAccountToken: true });
    const drifted = await read('--plan');
    expect([drifted.code, drifted.codes], drifted.stdout).toEqual([4, ['DRIFTED']]);
    expect(drifted.failures[0]?.error.why).toMatch(/^ServiceAccount kube-system\/r was changed; it has now:/);
    cluster.make(account);

    const before = await everything();
    cluster.asked.length = 0;
    const plan = await read('--plan');
    expect(plan.codes, plan.stdout).toEqual([]);
    expect(plan.code).toBe(2);
    expect(undoesOf(plan.events)).toEqual(['plan', 'r1']);
    expect(stagesOf(plan.events)).toEqual(['Taken back: more files', 'Taken back: files', 'Taken back: objects']);
    expect(tasksTold(plan.events)).toEqual([
      'Taken back: more files · a: What run r1 did is taken back: more: take back',
      'Taken back: files · a: What run r1 did is taken back: new: take back, theirs: take back',
      'Taken back: files · b: What run r1 did is taken back: new: take back, theirs: take back',
      'Taken back: objects · a: Objects that run r1 made or changed are as before: ServiceAccount kube-system/r: remove',
    ]);
    expect(plan.events.some((event) => 'irreversible' in event)).toBe(false);
    expect(warningsOf(plan)).toEqual(['not taken back: /var/lib/scratch/note: a test']);
    expect(plan.events.at(-1)).toMatchObject({
      type: 'plan-finished',
      status: 'due',
      hosts: [
        { host: 'a', changes: 3, commands: 2 },
        { host: 'b', changes: 1, commands: 2 },
      ],
    });
    expect(cluster.asked.filter((one) => !one.startsWith('GET '))).toEqual([]);

    const [text, named] = await Promise.all([
      type('undo', '--plan', '--concurrency', '2'),
      type('undo', 'r1', '--plan'),
    ]);
    expect(text.code).toBe(2);
    expect(text.stdout).toMatch(/^To be taken back: run r1: up /);
    expect(text.stdout).toContain('plan: 4 changes on 2 of 2 hosts; nothing was changed (2 commands each');
    expect(text.stdout.trimEnd().split('\n').at(-1)).toBe('do it: ./provision undo r1 --concurrency 2');
    expect(named.stdout).toMatch(/\ndo it: .\/provision undo r1\n$/);
    expect(await everything()).toEqual(before);

    const undone = await read('r1');
    expect(undone.codes, undone.stdout).toEqual([]);
    expect(undoesOf(undone.events)).toEqual(['undo', 'r1']);
    expect(tasksTold(undone.events)).toEqual(tasksTold(plan.events));
    expect(warningsOf(undone)).toEqual(warningsOf(plan));
    expect(cluster.has(account)).toBe(false);
    for (const { host } of settings) expect(readFileSync(host.path(`${scratch}/theirs`), 'utf8')).toBe('theirs');
    const again = await read('r1', '--plan');
    expect([again.code, again.codes]).toEqual([1, ['NOTHING_TO_UNDO']]);
  },
  120_000,
);

test.skipIf(!canMakeHosts)(
  'undo --plan is refused as an undo is, and tells what --force and --limit make of it',
  async () => {
    const { settings, scratch, read, type, everything } = await afterRun();
    writeFileSync(settings[0].host.path(`${scratch}/theirs`), 'of somebody');
    const before = await everything();
    const drifted = await read('--plan');
    expect(drifted.code).toBe(4);
    expect(drifted.failures.map(({ host, error }) => [host, error.code, error.why])).toEqual([
      ['a', 'DRIFTED', `${scratch}/theirs was changed by somebody else`],
    ]);
    expect(drifted.events.at(-1)).toMatchObject({ type: 'plan-finished', status: 'failed' });
    const [told, forced, limited] = await Promise.all([
      type('undo', '--plan'),
      read('--plan', '--force'),
      read('--plan', '--limit', 'b'),
    ]);
    expect(told.code).toBe(4);
    expect(told.stdout).not.toContain('do it:');
    expect(forced.code, forced.stdout).toBe(2);
    expect(tasksTold(forced.events)[1]).toBe(
      `Taken back: files · a: What run r1 did is taken back: ${scratch}/theirs: overwrite, a copy stays on the host, new: take back, theirs: take back`,
    );
    expect(limited.code, limited.stdout).toBe(2);
    expect(tasksTold(limited.events)).toEqual([
      'Taken back: files · b: What run r1 did is taken back: new: take back, theirs: take back',
    ]);
    expect(await everything()).toEqual(before);

    const undone = await read('r1', '--limit', 'b');
    expect(tasksTold(undone.events)).toEqual(tasksTold(limited.events));
    const text = await type('undo', '--plan', '--force', '--limit', 'a');
    expect(text.stdout).toMatch(/\ndo it: .\/provision undo r1 --force --limit a\n$/);
  },
  120_000,
);
