import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { atTerminal } from './at-terminal.ts';
import { expectApprovedByRun, expectNoToken, hasToken, tokenOf } from './bootstrap-requests.ts';
import { containerOf, deleteInVain, expectPodsFirst, startPods } from './bound-pods.ts';
import { withIdentity } from './identities.ts';
import { writeInventory } from './inventories.ts';
import { invocationOf, kubectl, on, podCidrs, routesOf } from './read-hosts.ts';
import {
  expectBack,
  fingerprintOf,
  knownHosts,
  loginsOn,
  lost,
  nodeIdentity,
  others,
  type RebuildTest,
  runRebuild,
  timeToReady,
  watchRebuild,
} from './rebuild-ground.ts';
import { watchRun } from './run-roll.ts';
import { told } from './settle.ts';

const noKey = `SHA256:${'A'.repeat(43)}`;

/** Everything that forbids a rebuild is found before the host is written to. */
export function testRefusals(rebuildTest: RebuildTest): void {
  rebuildTest(
    'a wrong fingerprint, a broken artifact or too little room stop it before anything is written',
    async ({ lab }) => {
      await startPods(lab, lost, ['bound', 'stuck']);
      await lab.wipe(lost);
      await deleteInVain(lab, 'stuck');
      const known = knownHosts(lab);
      const logins = await loginsOn(lab, lost);
      const wrong = await runRebuild(lab, lab.inventoryPath, '--host-key', noKey);
      expect([wrong.code, wrong.codes]).toEqual([3, ['HOST_KEY_DIFFERS']]);
      const unasked = await runRebuild(lab, lab.inventoryPath);
      expect([unasked.code, unasked.codes]).toEqual([3, ['HOST_KEY_CHANGED']]);
      expect(JSON.stringify(unasked.failures)).toContain(await fingerprintOf(lab, lost));

      const broken = join(lab.folder, 'artifacts/broken.tgz');
      const { path } = parse(readFileSync(lab.inventoryPath, 'utf8')).all.vars.artifacts.cni_plugins;
      copyFileSync(join(lab.folder, path), broken);
      truncateSync(broken, 1_000_000);
      for (const [artifact, code] of [
        ['./artifacts/broken.tgz', 'ARTIFACT_CORRUPT'],
        ['./artifacts/missing.tgz', 'ARTIFACT_MISSING'],
      ] as const) {
        const inventory = writeInventory(lab, 'broken', ({ all }) => {
          const { artifacts } = all.vars as unknown as { artifacts: { cni_plugins: { path: string } } };
          artifacts.cni_plugins.path = artifact;
        });
        const run = await runRebuild(lab, inventory, '--accept-new-host-key');
        expect([run.code, run.codes], told(run)).toEqual([2, [code]]);
      }
      expect(knownHosts(lab)).toBe(known);
      // one of this look itself and the one above
      expect(Number(await loginsOn(lab, lost)) - Number(logins)).toBe(2);

      const args = ['rebuild', lab.inventoryPath, '--node', lost];
      const question = 'Is that the key of the rebuilt machine?';
      const declined = await atTerminal(args, [[question, 'n']], { folder: lab.folder });
      expect(declined.shown).toMatch(/before +ssh-ed25519 SHA256:\S+ .*known_hosts:\d+/);
      expect(declined.shown).toContain(`now     ssh-ed25519 ${await fingerprintOf(lab, lost)}`);
      expect([declined.code, knownHosts(lab)], declined.shown).toEqual([3, known]);
      const accepted = await atTerminal(
        args,
        [
          [question, 'y'],
          [`Rebuild ${lost}?`, 'n'],
        ],
        { folder: lab.folder },
      );
      expect(accepted.code, accepted.shown).toBe(1);
      expect(accepted.shown).toContain('Nothing was changed.');

      await on(lab, lost, 'mkdir -p /opt/k8s; mount -t tmpfs -o size=30m none /opt/k8s');
      const full = await runRebuild(lab, lab.inventoryPath, '--host-key', await fingerprintOf(lab, lost));
      expect([full.code, full.codes], told(full)).toEqual([4, ['ROOM_MISSING']]);
      expect(await on(lab, lost, 'umount /opt/k8s; ls -d /var/lib/provision 2>/dev/null; exit 0')).toBe('');
    },
  );
}

/** At the same address, with a certificate that the CA signs, and scripts of the operator. */
export function testSameAddress(rebuildTest: RebuildTest): void {
  rebuildTest('at the same address; power cut half-way, then resumed', async ({ lab }) => {
    const before = await nodeIdentity(lab);
    const container = await containerOf(lab, 'bound');
    for (const when of ['before', 'after']) {
      const script = `echo "$PROVISION_NODE $(ls /opt/k8s/bin/kubelet) $(ls /run/flannel)" >>/root/hook-${when}\n`;
      writeFileSync(join(lab.folder, `${when}.sh`), script);
    }
    const inventory = withIdentity(lab, 'ca', (install) => {
      install.hooks = { before: './before.sh', after: './after.sh' };
    });
    let cut: Promise<void> | undefined;
    const stopped = await watchRebuild(lab, inventory, [], (event) => {
      if (event.type === 'task-started' && event.task === 'The CNI plugins are in place') cut ??= lab.cut(lost);
    });
    await cut;
    expect(stopped.code, told(stopped)).toBe(3);
    expect(stopped.changed).toContain(`${lost}: Pods that wait for the machine that was lost are let go`);
    await lab.start(lost);
    const run = await timeToReady('resumed at the same address', (onEvent) =>
      watchRun(['resume'], { folder: lab.folder }, onEvent),
    );
    await expectBack(lab, before);
    expectPodsFirst(run);
    expect(['', container]).not.toContain(await containerOf(lab, 'bound'));
    expect(await kubectl(lab, 'get', 'pod', 'stuck', '--ignore-not-found')).toBe('');
    // each once, the first of them before anything is there, the other one on a node whose pods have a network
    expect(await on(lab, lost, 'cat /root/hook-before')).toBe(lost);
    expect(await on(lab, lost, 'cat /root/hook-after')).toBe(`${lost} /opt/k8s/bin/kubelet subnet.env`);

    const again = await runRebuild(lab, inventory);
    expect(again.code, told(again)).toBe(0);
    expect(again.changed).toEqual([]);
  });

  rebuildTest('a certificate that ends soon is replaced, and the kubelet restarted for it', async ({ lab }) => {
    const startedAt = await invocationOf(lab, lost, 'kubelet');
    const inventory = withIdentity(lab, 'ca', (_install, identity) => {
      Object.assign(identity, { valid_days: 500, renew_days: 400 });
    });
    const run = await runRebuild(lab, inventory);
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toContain(`${lost}: The kubelet has a client certificate of its own`);
    expect(await invocationOf(lab, lost, 'kubelet')).not.toBe(startedAt);
  });
}

/** At another address, with a certificate that its kubelet asks for. */
export function testOtherAddress(rebuildTest: RebuildTest): void {
  rebuildTest('at another address, while the Node still says Ready', async ({ lab }) => {
    await startPods(lab, lost, ['bound', 'stuck']);
    const before = await nodeIdentity(lab);
    const container = await containerOf(lab, 'bound');
    await lab.wipe(lost, { newAddress: true });
    await deleteInVain(lab, 'stuck');
    let token: Promise<{ readonly minutesLeft: number }> | undefined;
    const run = await timeToReady('rebuild at another address, with TLS bootstrap', (onEvent) =>
      watchRebuild(lab, withIdentity(lab, 'bootstrap'), ['--accept-new-host-key', '--old-machine-is-off'], (event) => {
        if (hasToken(event)) token ??= tokenOf(lab);
        onEvent(event);
      }),
    );
    expect(run.events.find((event) => event.type === 'host-key')).toMatchObject({
      name: lab.host(lost).address,
      accepted: 'option',
    });
    expect((await token)?.minutesLeft).toBeLessThanOrEqual(30);
    await expectNoToken(lab);
    await expectApprovedByRun(lab, lost);
    await expectBack(lab, before);
    expectPodsFirst(run);
    expect(['', container]).not.toContain(await containerOf(lab, 'bound'));
    expect(await kubectl(lab, 'get', 'pod', 'stuck', '--ignore-not-found')).toBe('');
    const range = (await podCidrs(lab))[lost];
    for (const host of ['cp1', ...others])
      expect(await routesOf(lab, host)).toContain(`${range} via ${lab.host(lost).address}`);
  });
}
