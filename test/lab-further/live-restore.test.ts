import { beforeAll, expect, test } from 'vitest';
import { bridgeOf, issueClient, subnetOf, writeEtcdInventory } from '../lab/etcd-ground.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, on } from '../lab/read-hosts.ts';
import { runPlan } from '../lab/run-plan.ts';
import { idOf, type Run, runUndo, runUp, warningsOf } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';

describeOwnLab(
  'Docker that keeps its containers while it is restarted',
  0,
  (lab) => {
    let inventory = '';
    const containers = () => on(lab(), 'node2', 'docker ps -q --no-trunc | sort');
    let before = '';
    let first: Run;

    beforeAll(async () => {
      await issueClient(lab());
      inventory = writeEtcdInventory(lab(), 'etcd');
      await on(
        lab(),
        'node2',
        `sed -i '1s/{/{ "live-restore": true,/' /etc/docker/daemon.json && systemctl reload docker
for try in $(seq 20); do ! docker info -f '{{.LiveRestoreEnabled}}' | grep -qx true || exit 0; sleep 1; done; exit 1`,
      );
      await allReady(lab(), nodeNames(lab()));
      before = await containers();
      expect(before).not.toBe('');
    });

    test('the plan names what stays behind there, and what ends on the other node', async () => {
      const plan = await runPlan(inventory);
      expect(plan.code, plan.stdout + plan.stderr).toBe(2);
      expect(warningsOf(plan).join('\n')).toMatch(
        /Docker has live-restore and keeps \d+ containers, and so docker0 keeps 172\.17\./,
      );
      expect(warningsOf(plan).join('\n')).toMatch(/its restart ends \d+ containers here/);
    });

    test('containers go on where they are, and the proof tells that nobody reaches them', async () => {
      first = await runUp(inventory);
      expect(first.codes, told(first)).toEqual(['DATAPATH_BROKEN']);
      expect(warningsOf(first).join('\n')).toContain('Docker has live-restore');
      expect(await bridgeOf(lab(), 'node1')).toBe(await subnetOf(lab(), 'node1'));
      expect(await bridgeOf(lab(), 'node2')).toMatch(/^172\.17\./);
      expect((await containers()).split('\n')).toEqual(expect.arrayContaining(before.split('\n')));
    });

    test('once they are stopped and Docker is restarted, as the warning says, another run ends it', async () => {
      await on(
        lab(),
        'node2',
        'systemctl stop kubelet; docker stop -t 1 $(docker ps -q) >/dev/null; systemctl restart docker; systemctl start kubelet',
      );
      await allReady(lab(), ['node2']);
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(warningsOf(run).join('\n')).not.toContain('live-restore');
      expect(await bridgeOf(lab(), 'node2')).toBe(await subnetOf(lab(), 'node2'));
      const again = await runUp(inventory);
      expect(again.changed, told(again)).toEqual([]);
    });

    test('taken back, docker0 has its own range on both nodes', async () => {
      const back = await runUndo(idOf(first));
      expect(back.code, told(back)).toBe(0);
      await allReady(lab(), nodeNames(lab()));
      expect(await bridgeOf(lab(), 'node1')).toMatch(/^172\.17\./);
    });
  },
  { dockershimNodes: 2, controlPlanes: 1, flannel: '0.20.2' },
);
