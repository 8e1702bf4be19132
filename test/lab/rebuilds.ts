import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { eagerRequest, expectApprovedByRun, expectNoToken, tokenOf } from './bootstrap-requests.ts';
import { writeInventory } from './inventories.ts';
import { allReady, invocationOf, kubectl, nodeObjects, on, podCidrs, routesOf } from './read-hosts.ts';
import {
  containerOf,
  deleteInVain,
  expectBack,
  expectPodsFirst,
  fifth,
  fingerprintOf,
  knownHosts,
  loginsOn,
  lost,
  nodeIdentity,
  others,
  type RebuildTest,
  runRebuild,
  startPods,
  timeToReady,
  watchRebuild,
  withIdentity,
} from './rebuild-ground.ts';
import { watchRun } from './run-roll.ts';
import type { ToldEvent } from './run-up.ts';
import { told } from './settle.ts';

const noKey = `SHA256:${'A'.repeat(43)}`;

/** Everything that forbids a rebuild is found before the host is written to. */
export function testRefusals(rebuildTest: RebuildTest): void {
  rebuildTest(
    'a wrong fingerprint, a broken artifact or too little room stop it before anything is written',
    async ({ lab }) => {
      await startPods(lab, 'bound', 'stuck');
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

/** Whether the API takes the run's token from now on. */
const hasToken = (event: ToldEvent): boolean =>
  event.type === 'task-finished' && /^The API takes a token/.test(event.task) && event.status === 'changed';

/** At another address, with a certificate that its kubelet asks for. */
export function testOtherAddress(rebuildTest: RebuildTest): void {
  rebuildTest('at another address, while the Node still says Ready', async ({ lab }) => {
    await startPods(lab, 'bound', 'stuck');
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

/** The Node object went with the machine; and then its range was given to another Node. */
export function testNodeGone(rebuildTest: RebuildTest): void {
  rebuildTest('its Node object deleted: it is made anew as it was', async ({ lab }) => {
    const before = await nodeIdentity(lab);
    await lab.wipe(lost);
    await kubectl(lab, 'delete', 'node', lost);
    await timeToReady('rebuild with its Node object deleted', (onEvent) =>
      watchRebuild(lab, lab.inventoryPath, ['--accept-new-host-key'], onEvent),
    );
    await expectBack(lab, before);
  });

  rebuildTest("its range is another Node's by now: refused", async ({ lab }) => {
    const { podCidr } = await nodeIdentity(lab);
    await lab.wipe(lost);
    await kubectl(lab, 'delete', 'node', lost);
    const thief = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'thief' }, spec: { podCIDR: podCidr } };
    const { code, stderr } = await lab.kubectl(['create', '-f', '-'], JSON.stringify(thief));
    expect(code, stderr).toBe(0);
    const run = await runRebuild(lab, lab.inventoryPath, '--accept-new-host-key');
    expect([run.code, run.codes], told(run)).toEqual([5, ['NODE_RANGE_TAKEN']]);
    expect(run.changed).toEqual([]);
    await kubectl(lab, 'delete', 'node', 'thief');
  });
}

/** A blank host; somebody who has got hold of the token asks for the certificate of another Node. */
export function testNewNode(rebuildTest: RebuildTest): void {
  rebuildTest('a further node, set up by up: a request for another name is not approved', async ({ lab }) => {
    const args = ['up', withIdentity(lab, 'bootstrap'), '--limit', fifth];
    let asked: Promise<string> | undefined;
    const stopped = await watchRun(args, { folder: lab.folder }, (event) => {
      if (hasToken(event)) asked ??= eagerRequest(lab, 'node1');
    });
    expect(stopped.codes, told(stopped)).toEqual(['REQUEST_UNEXPECTED']);
    const request = (await asked) ?? '';
    expect(await kubectl(lab, 'get', 'csr', request, '-o', 'jsonpath={.status.conditions}')).toBe('');
    await expectNoToken(lab);
    await kubectl(lab, 'delete', 'csr', request);

    const run = await timeToReady('a further node, with TLS bootstrap', (onEvent) =>
      watchRun(args, { folder: lab.folder }, onEvent),
    );
    expect(told(run)).not.toContain('REQUEST_UNEXPECTED');
    await expectApprovedByRun(lab, fifth);
    await expectNoToken(lab);
    await allReady(lab, [...others, fifth]);
    expect((await nodeObjects(lab)).map(({ metadata }) => metadata.name)).toContain(fifth);
    const range = (await podCidrs(lab))[fifth];
    for (const host of ['cp1', ...others])
      expect(await routesOf(lab, host)).toContain(`${range} via ${lab.host(fifth).address}`);
    const again = await watchRun(args, { folder: lab.folder }, () => {});
    expect(again.code, told(again)).toBe(0);
    expect(again.changed).toEqual([]);
  });
}
