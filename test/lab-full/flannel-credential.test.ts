import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeInventory } from '../lab/inventories.ts';
import { searchHost } from '../lab/marked-secrets.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { eventually, kubectl, on } from '../lab/read-hosts.ts';
import { idOf, type Run, runCommand, runUndo, runUp } from '../lab/run-up.ts';
import { namesOf, told } from '../lab/settle.ts';
import { repositoryFolder } from '../lab/shared-lab.ts';

const onlyCredential = ['--tags', 'credential'];
const namespaced = ['-n', 'kube-system'];

describeOwnLab(
  "flannel's credential",
  1,
  (lab) => {
    let inventory = '';
    let first: Run;
    let token = '';
    const output: string[] = [];

    const up = async (...options: readonly string[]): Promise<Run> => {
      const run = await runUp(inventory, ...onlyCredential, ...options);
      output.push(run.stdout, run.stderr);
      return run;
    };
    const objects = () =>
      kubectl(lab(), 'get', 'serviceaccounts,secrets,clusterroles,clusterrolebindings', '-A', '-o', 'name').then(
        (text) =>
          text.split('\n').filter((name) => /\/provision-flannel(-token)?$/.test(name) && !/-token-\w+$/.test(name)),
      );
    const asFlannel = (...args: readonly string[]) => {
      const { clusters } = parse(readFileSync(lab().kubeconfigPath, 'utf8'));
      const config = join(lab().folder, 'flannel.kubeconfig');
      writeFileSync(
        config,
        JSON.stringify({
          clusters,
          contexts: [{ name: 'c', context: { cluster: clusters[0].name, user: 'flannel' } }],
          users: [{ name: 'flannel', user: { token } }],
          'current-context': 'c',
        }),
        { mode: 0o600 },
      );
      return lab().kubectl(['--kubeconfig', config, ...args]);
    };

    beforeAll(() => {
      // the credential does not depend on the program that shows it
      const flanneld = join(lab().folder, 'artifacts/no-flanneld');
      writeFileSync(flanneld, 'no flanneld');
      const sha256 = createHash('sha256').update('no flanneld').digest('hex');
      inventory = writeInventory(lab(), 'credential', ({ all: { vars } }) => {
        Object.assign(vars, {
          network: { ...vars['network'], agent: 'flannel', backend: 'host-gw' },
          artifacts: { ...vars['artifacts'], flanneld: { path: flanneld, sha256, version: '0.28.7' } },
        });
      });
    });

    test('is not made over a role of somebody else', async () => {
      await kubectl(lab(), 'create', 'clusterrole', 'provision-flannel', '--verb=get', '--resource=pods');
      const run = await up();
      expect(run.codes, told(run)).toEqual(['OBJECT_FOREIGN']);
      expect(run.failures[0]?.error.what).toContain('ClusterRole provision-flannel');
      expect(await objects()).toEqual(['clusterrole.rbac.authorization.k8s.io/provision-flannel']);
      await kubectl(lab(), 'delete', 'clusterrole', 'provision-flannel');
    });

    test('is there after the first run, and nothing is left to do', async () => {
      first = await up();
      expect(first.code, told(first)).toBe(0);
      expect(await objects()).toHaveLength(4);
      const encoded = await kubectl(
        lab(),
        ...namespaced,
        ...['get', 'secret', 'provision-flannel-token', '-o', 'jsonpath={.data.token}'],
      );
      token = Buffer.from(encoded, 'base64').toString();
      expect(token.split('.')).toHaveLength(3);
      const again = await up();
      expect(again.changed, told(again)).toEqual([]);
      expect(again.code).toBe(0);
    });

    test('sees Nodes and no Secrets', async () => {
      expect(await asFlannel('get', 'nodes', '-o', 'name')).toMatchObject({ code: 0, stdout: 'node/node1\n' });
      expect(await asFlannel('get', 'secrets', '-A')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('Forbidden'),
      });
      const patch = await asFlannel('auth', 'can-i', 'patch', 'nodes', '--subresource=status');
      expect(patch.stdout.trim()).toBe('yes');
      for (const wish of [
        ['patch', 'nodes'],
        ['create', 'pods'],
        ['get', 'configmaps'],
      ])
        expect((await asFlannel('auth', 'can-i', ...wish)).stdout.trim(), wish.join(' ')).toBe('no');
    });

    test('with too wide a binding it is refused, and the binding named', async () => {
      const binding = ['clusterrolebinding', 'too-wide'];
      await kubectl(
        lab(),
        ...['create', ...binding, '--clusterrole=cluster-admin', '--group=system:serviceaccounts:kube-system'],
      );
      for (const command of ['plan', 'up']) {
        const { code, stdout } = await runCommand([command, inventory, ...onlyCredential, '--verify']);
        output.push(stdout);
        expect(code, stdout).toBe(5);
        expect(stdout).toContain('RIGHTS_TOO_WIDE');
        expect(stdout).toContain('too-wide gives Group system:serviceaccounts:kube-system the role cluster-admin');
      }
      await kubectl(lab(), 'delete', ...binding);
      const run = await up('--verify');
      expect(run.code, told(run)).toBe(0);
    });

    test('a role that somebody widened is shown, and as it was after the next run', async () => {
      const more = { op: 'add', path: '/rules/-', value: { apiGroups: [''], resources: ['secrets'], verbs: ['get'] } };
      await kubectl(
        lab(),
        ...['patch', 'clusterrole', 'provision-flannel', '--type=json', '-p', JSON.stringify([more])],
      );
      const refused = await runUndo(idOf(first));
      expect(refused.codes, told(refused)).toEqual(['DRIFTED']);
      expect(refused.code).toBe(4);
      expect(await objects()).toHaveLength(4);
      const plan = await runCommand(['plan', inventory, ...onlyCredential]);
      expect(plan.stdout).toMatch(/ClusterRole provision-flannel: correct\n[\s\S]*- .*secrets/);
      const run = await up();
      expect(run.changed, told(run)).toEqual([expect.stringContaining('cp1: ')]);
      const undone = await runUndo(idOf(run));
      expect(undone.code, told(undone)).toBe(0);
      expect(await kubectl(lab(), 'get', 'clusterrole', 'provision-flannel', '-o', 'yaml')).toContain('- secrets');
      expect((await up()).code).toBe(0);
    });

    test('is in no output, no journal and on no host that has no use for it', async () => {
      const folder = join(repositoryFolder, '.provision/runs');
      const journals = readdirSync(folder).map((run) => readFileSync(join(folder, run, 'journal.ndjson'), 'utf8'));
      expect(journals.join()).toContain('provision-flannel-token');
      const traces = [token, Buffer.from(token).toString('base64')].map((text) => text.slice(0, 400));
      for (const trace of traces) {
        expect(journals.some((text) => text.includes(trace))).toBe(false);
        expect(output.some((text) => text.includes(trace))).toBe(false);
      }
      for (const host of namesOf(lab())) {
        const found = await on(lab(), host, searchHost(['/etc', '/var/lib/provision', '/run', '/tmp'], traces));
        expect(found).toBe('');
      }
    });

    test('is gone after the undo of what made it', async () => {
      const run = await runUndo(idOf(first));
      expect(run.code, told(run)).toBe(0);
      expect(await objects()).toEqual([]);
      // the API server remembers for some seconds that a token was good
      await eventually('the token is rejected', 60, async () => {
        const { stderr } = await asFlannel('get', 'nodes');
        return /Unauthorized|logged in/.test(stderr) || stderr;
      });
    });
  },
  { controlPlanes: 1 },
);
