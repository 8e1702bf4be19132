import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { eventually, kubectl, on } from '../lab/read-hosts.ts';
import { runCommand, runUp, startCommand, warningsOf } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';
import { repositoryFolder } from '../lab/shared-lab.ts';

describeLab('the lock of the cluster', (lab) => {
  const lease = () =>
    kubectl(lab, '-n', 'kube-system', 'get', 'lease', 'provision', '-o', 'name', '--ignore-not-found');
  /** A run that is under way and holds the lock: it waits for what node1 still does. */
  async function running() {
    await on(lab, 'node1', 'setsid flock /run/provision.lock sleep 4242 </dev/null >/dev/null 2>&1 &');
    const { child, outcome } = startCommand(['up', lab.inventoryPath, '--output', 'json']);
    await eventually('the lock is taken', 30, async () => (await lease()) !== '');
    return { child, outcome };
  }
  const nodeDone = () => on(lab, 'node1', "pkill -f '^sleep 4242'; exit 0");

  /** As the run of another machine leaves it that was renewed then. */
  const foreignLease = (renewedAt: Date, seconds: number) =>
    lab.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'provision', namespace: 'kube-system' },
        spec: {
          holderIdentity: 'root on elsewhere',
          leaseDurationSeconds: seconds,
          renewTime: renewedAt.toISOString().replace('Z', '000Z'),
        },
      }),
    );

  beforeAll(() => settle(lab));

  test('a second run is told whose it is; Ctrl-C gives it back at once', async () => {
    const { child, outcome } = await running();
    const [second, shown] = await Promise.all([runUp(lab.inventoryPath), runCommand(['unlock', lab.inventoryPath])]);
    child.kill('SIGINT');
    expect((await outcome).code).toBe(130);
    expect(await lease()).toBe('');
    await nodeDone();
    expect([second.code, second.codes, second.changed]).toEqual([5, ['CLUSTER_LOCKED'], []]);
    expect(second.failures[0]?.error.why).toMatch(new RegExp(` on ${hostname()}, since .*: up, run `));
    expect(second.failures[0]?.error.fix).toContain(`unlock ${lab.inventoryPath}`);
    expect(shown.code).toBe(5);
    expect(shown.stderr).toMatch(/CLUSTER_LOCKED[\s\S]*--force/);
  });

  test('Ctrl-C at a terminal, where the display is live, gives it back too', async () => {
    const up = `'${process.execPath}' '${join(repositoryFolder, 'provision')}' up '${lab.inventoryPath}' --verify`;
    const command = `stty rows 40 cols 120; exec ${up}`;
    const environment = { ...process.env, TERM: 'xterm-256color' };
    const terminal = spawn('script', ['-qefc', command, '/dev/null'], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const closed = once(terminal, 'close');
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await eventually('a stage is shown', 60, async () => shown.includes('Pods reach each other'));
    terminal.stdin.write('\x03');
    const [code] = await closed;
    expect(code, shown.slice(-2000)).toBe(130);
    expect(shown).toContain('Interrupted: hosts finish what they were sent');
    expect(await lease()).toBe('');
  });

  test('the lock of a run that was killed is taken over at once', async () => {
    const { child, outcome } = await running();
    child.kill('SIGKILL');
    await outcome;
    expect(await lease()).not.toBe('');
    await nodeDone();
    const next = await runUp(lab.inventoryPath);
    expect(next.code, told(next)).toBe(0);
    expect(warningsOf(next).join('\n')).toContain('took over a lock, for its process has ended');
    expect(await lease()).toBe('');
  });

  test("the lock of another machine's run holds while it is renewed, and unlock --force removes it", async () => {
    await foreignLease(new Date(), 45);
    const held = await runUp(lab.inventoryPath);
    expect([held.code, held.failures[0]?.error.why]).toEqual([5, expect.stringContaining('root on elsewhere')]);
    const forced = await runCommand(['unlock', lab.inventoryPath, '--force', '--output', 'json']);
    expect([forced.code, JSON.parse(forced.stdout)]).toEqual([
      0,
      expect.objectContaining({ type: 'unlocked', lock: expect.objectContaining({ holder: 'root on elsewhere' }) }),
    ]);
    const none = await runCommand(['unlock', lab.inventoryPath]);
    expect([none.code, none.stdout]).toEqual([0, 'No run holds this cluster\n']);
  });

  test('one that nobody renews any more is taken over after its duration', async () => {
    await foreignLease(new Date(Date.now() - 3_600_000), 3);
    const run = await runUp(lab.inventoryPath);
    expect(run.code, told(run)).toBe(0);
    expect(warningsOf(run).join('\n')).toMatch(
      /root on elsewhere[\s\S]*took over a lock, for it was not renewed in time/,
    );
    expect(await lease()).toBe('');
  });

  test('a user who may not hold it is told which rights are missing', async () => {
    await kubectl(lab, 'create', 'serviceaccount', 'reader');
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { name: 'reader', annotations: { 'kubernetes.io/service-account.name': 'reader' } },
    };
    expect(await lab.kubectl(['create', '-f', '-'], JSON.stringify(secret))).toMatchObject({ code: 0 });
    await kubectl(
      lab,
      'create',
      'clusterrolebinding',
      'reader',
      '--clusterrole=view',
      '--serviceaccount=default:reader',
    );
    await kubectl(
      lab,
      'create',
      'clusterrole',
      'nodes',
      '--resource=nodes,leases.coordination.k8s.io',
      '--verb=get,list,watch',
    );
    await kubectl(
      lab,
      'create',
      'clusterrolebinding',
      'nodes',
      '--clusterrole=nodes',
      '--serviceaccount=default:reader',
    );
    try {
      let token = '';
      await eventually('the token is there', 30, async () => {
        token = await kubectl(lab, 'get', 'secret', 'reader', '-o', 'jsonpath={.data.token}');
        return token !== '';
      });
      const config = JSON.parse(await kubectl(lab, 'config', 'view', '--raw', '-o', 'json'));
      config.users[0].user = { token: Buffer.from(token, 'base64').toString() };
      writeFileSync(join(lab.folder, 'test-reader.kubeconfig'), JSON.stringify(config), { mode: 0o600 });
      const inventory = writeInventory(lab, 'reader', ({ all }) => {
        Object.assign(all.vars['cluster'] ?? {}, { kubeconfig: './test-reader.kubeconfig' });
      });
      const run = await runUp(inventory);
      expect([run.code, run.codes]).toEqual([5, ['LOCK_FORBIDDEN']]);
      expect(run.failures[0]?.error.fix).toContain('create role provision-lock');
    } finally {
      await kubectl(
        lab,
        'delete',
        'serviceaccount/reader',
        'clusterrole/nodes',
        'clusterrolebinding/reader',
        'clusterrolebinding/nodes',
      );
    }
  });
});
