import { copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { currentKubernetes, dockershimKubernetes } from '../../src/lab/kubernetes-version.ts';
import type { Lab } from '../../src/lab/lab.ts';
import {
  expectUntold,
  leaderOf,
  leading,
  leads,
  lostReplica,
  rebuildReplica,
  sharedDigests,
  tracesOf,
  unit,
} from '../lab/control-plane-ground.ts';
import { type InventoryData, writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { eventually, invocationOf, kubectl, on, podCidrs } from '../lab/read-hosts.ts';
import { fingerprintOf } from '../lab/rebuild-ground.ts';
import { runResume, undoRoll } from '../lab/run-roll.ts';
import { runUp, warningsOf } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';
import { watchProcesses } from '../lab/watch-processes.ts';

for (const kubernetes of [dockershimKubernetes, currentKubernetes])
  describeOwnLab(
    `a control-plane host of ${kubernetes}`,
    1,
    (open) => {
      beforeAll(() => settle(open()));
      testRefusals(open);
      testComesBack(open, kubernetes);
      testLeads(open);
      testCutAndUndone(open);
    },
    { controlPlanes: 2, hasSoftware: true, kubernetes },
  );

/** What is wrong is said before anything is written on the host. */
function testRefusals(open: () => Lab): void {
  test('what cannot be brought back is refused before the first write', async () => {
    const lab = open();
    await lab.wipe(lostReplica);
    const key = await rebuildReplica(lab);
    expect([key.code, key.codes], told(key)).toEqual([3, ['HOST_KEY_CHANGED']]);

    const broken = join(lab.folder, 'artifacts/broken-manager');
    const { path } = parse(readFileSync(lab.inventoryPath, 'utf8')).all.vars.artifacts.kube_controller_manager;
    copyFileSync(join(lab.folder, path), broken);
    truncateSync(broken, 1_000_000);
    const refused = async (code: string, exitCode: number, change: (inventory: InventoryData) => void) => {
      const inventory = writeInventory(lab, 'refused', change);
      const run = await rebuildReplica(lab, ['--accept-new-host-key'], { inventory });
      expect([run.code, run.codes], told(run)).toEqual([exitCode, [code]]);
    };
    await refused('ARTIFACT_CORRUPT', 2, ({ all }) => {
      Object.assign(all.vars['artifacts']?.['kube_controller_manager'] ?? {}, { path: './artifacts/broken-manager' });
    });
    await refused('CONTROLLER_MANAGER_MISSING', 2, ({ all }) => {
      delete all.vars['artifacts']?.['kube_controller_manager'];
    });
    await refused('REPLICA_CREDENTIAL_MISSING', 2, ({ all }) => {
      delete all.children.control_plane.hosts[lostReplica]?.['identity'];
    });
    await refused('LEADER_ELECTION_OFF', 4, ({ all }) => {
      all.vars['controller_manager'] = { flags: { 'leader-elect': false } };
    });
    await on(lab, leading, `systemctl stop ${unit}`);
    await refused('CONTROLLER_MANAGER_UNKNOWN', 4, () => {});
    await on(lab, leading, `systemctl start ${unit}`);
    await leads(lab, leading);
    expect(await on(lab, lostReplica, 'ls -d /var/lib/provision /opt/k8s 2>/dev/null || :')).toBe('');
  });
}

/** Beside the leader, with its keys, which nobody is shown. */
function testComesBack(open: () => Lab, kubernetes: string): void {
  test('it comes back with the keys of the other one, and waits for the lead', async () => {
    const lab = open();
    const before = await invocationOf(lab, leading, unit);
    const traces = tracesOf(lab);
    const watch = watchProcesses(traces, () => false);
    const began = Date.now();
    let healthyMs = 0;
    const run = await rebuildReplica(lab, ['--host-key', await fingerprintOf(lab, lostReplica), '--debug'], {
      onEvent(event) {
        if (event.type === 'task-finished' && event.task.endsWith('may take the lead')) healthyMs = Date.now() - began;
      },
    });
    expect(await watch.stop()).toEqual([]);
    expect(run.code, told(run)).toBe(0);
    say(`${kubernetes}: ${Math.round(healthyMs / 1000)} s from the command to a healthy controller-manager`);
    expect(await sharedDigests(lab, lostReplica)).toBe(await sharedDigests(lab, leading));
    await expectUntold(lab, run, traces);
    expect(await invocationOf(lab, leading, unit)).toBe(before);
    expect(await leaderOf(lab)).toBe(leading);
    const warnings = warningsOf(run);
    expect(warnings.filter((message) => message.includes('etcd'))).toHaveLength(2);
  });

  test('a second rebuild and up have nothing to do', async () => {
    const again = await rebuildReplica(open());
    expect([again.code, again.changed], told(again)).toEqual([0, []]);
    const up = await runUp(open().inventoryPath);
    expect([up.code, up.changed], told(up)).toEqual([0, []]);
  });
}

/** Nothing but a leader gives Nodes their ranges, and accounts their tokens. */
function testLeads(open: () => Lab): void {
  test('it leads when the other one stops', async () => {
    const lab = open();
    await on(lab, leading, `systemctl stop ${unit}`);
    await leads(lab, lostReplica);
    await kubectl(lab, 'delete', 'node', 'node1');
    await on(lab, 'node1', 'systemctl restart kubelet');
    await eventually('node1 has a podCIDR', 90, async () => (await podCidrs(lab))['node1'] !== undefined);

    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: {
        name: 'token',
        namespace: 'default',
        annotations: { 'kubernetes.io/service-account.name': 'default' },
      },
    };
    await lab.kubectl(['create', '-f', '-'], JSON.stringify(secret));
    let token = '';
    await eventually('the account has a token', 60, async () => {
      token = await kubectl(lab, 'get', 'secret', 'token', '-o', 'jsonpath={.data.token}');
      return token !== '';
    });
    // the API takes it only if it was signed with the key of before
    const bearer = Buffer.from(token, 'base64').toString();
    const answer = await on(
      lab,
      leading,
      `curl -sk -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer ${bearer}' https://${lab.host(leading).address}:6443/api/v1/namespaces/default`,
    );
    expect(answer, 'known, and not allowed').toBe('403');
    await kubectl(lab, 'delete', 'secret', 'token');
    await on(lab, leading, `systemctl start ${unit}`);
    await settle(lab);
  });
}

/** The power goes half-way; what is there then is taken back as a whole. */
function testCutAndUndone(open: () => Lab): void {
  test('power cut half-way, then resumed, and undone', async () => {
    const lab = open();
    await lab.wipe(lostReplica);
    await leads(lab, leading);
    let cut: Promise<void> | undefined;
    const stopped = await rebuildReplica(lab, ['--accept-new-host-key'], {
      onEvent(event) {
        if (event.type === 'task-started' && event.task.startsWith('Keys and certificates are those'))
          cut ??= lab.cut(lostReplica);
      },
    });
    await cut;
    expect(stopped.code, told(stopped)).toBe(3);
    await lab.start(lostReplica);
    const run = await runResume(lab);
    expect(run.code, told(run)).toBe(0);
    expect(await sharedDigests(lab, lostReplica)).toBe(await sharedDigests(lab, leading));

    for (const one of [run, stopped]) {
      const undone = await undoRoll(lab, one);
      expect(undone.code, told(undone)).toBe(0);
    }
    expect(
      await on(lab, lostReplica, `systemctl is-active ${unit} || ls /opt/k8s/ssl /opt/k8s/bin 2>/dev/null || :`),
    ).toBe('inactive');
  });
}
