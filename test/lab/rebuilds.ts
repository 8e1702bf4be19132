import { copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { writeInventory } from './inventories.ts';
import { kubectl, podCidrs, routesOf } from './read-hosts.ts';
import {
  expectBack,
  fingerprintOf,
  knownHosts,
  loginsOn,
  lost,
  nodeIdentity,
  type RebuildTest,
  rebuildAndTime,
  runRebuild,
  watchRebuild,
} from './rebuild-ground.ts';
import { runResume } from './run-roll.ts';
import { told } from './settle.ts';

const noKey = `SHA256:${'A'.repeat(43)}`;

/** What is refused before anything is written, and a rebuild at the same address whose machine loses its power half-way. */
export function testSameAddress(rebuildTest: RebuildTest): void {
  rebuildTest('a wrong fingerprint or a broken artifact stops it before it has logged in', async ({ lab }) => {
    await lab.wipe(lost);
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
  });

  rebuildTest('at the same address; power cut half-way, then resumed', async ({ lab }) => {
    const before = await nodeIdentity(lab);
    let cut: Promise<void> | undefined;
    const stopped = await watchRebuild(lab, ['--host-key', await fingerprintOf(lab, lost)], (event) => {
      if (event.type === 'task-started' && event.task === 'The CNI plugins are in place') cut ??= lab.cut(lost);
    });
    await cut;
    expect(stopped.code, told(stopped)).toBe(3);
    await lab.start(lost);
    const run = await runResume(lab);
    expect(run.code, told(run)).toBe(0);
    await expectBack(lab, before);

    const again = await runRebuild(lab, lab.inventoryPath);
    expect(again.code, told(again)).toBe(0);
    expect(again.changed).toEqual([]);
  });
}

/** The others learn where it is now. */
export function testOtherAddress(rebuildTest: RebuildTest): void {
  rebuildTest('at another address, while the Node still says Ready', async ({ lab }) => {
    const before = await nodeIdentity(lab);
    await lab.wipe(lost, { newAddress: true });
    const run = await rebuildAndTime(lab, 'at another address', '--accept-new-host-key', '--old-machine-is-off');
    expect(run.events.find((event) => event.type === 'host-key')).toMatchObject({
      name: lab.host(lost).address,
      accepted: 'option',
    });
    await expectBack(lab, before);
    const range = (await podCidrs(lab))[lost];
    for (const host of ['cp1', 'node1', 'node3'])
      expect(await routesOf(lab, host)).toContain(`${range} via ${lab.host(lost).address}`);
  });
}

/** The Node object went with the machine; and then its range was given to another Node. */
export function testNodeGone(rebuildTest: RebuildTest): void {
  rebuildTest('its Node object deleted: it is made anew as it was', async ({ lab }) => {
    const before = await nodeIdentity(lab);
    await lab.wipe(lost);
    await kubectl(lab, 'delete', 'node', lost);
    await rebuildAndTime(lab, 'with its Node object deleted', '--accept-new-host-key');
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
