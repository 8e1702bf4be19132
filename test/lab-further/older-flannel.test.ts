import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { place } from '../../src/lab/artifacts.ts';
import { flannelImages, makeFlannelImage } from '../../src/lab/flannel-image.ts';
import { buildFlanneld } from '../../src/lab/flanneld-build.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { readState } from '../../src/lab/state.ts';
import { flannelPods, podsOf, provenOfTwo } from '../lab/daemonset-pods.ts';
import { writeInventory } from '../lab/inventories.ts';
import { expectNothingDue, expectSettled } from '../lab/network-change-ground.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, kubectl, on, onEach } from '../lab/read-hosts.ts';
import { idOf, type Run, runUndo, runUp } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';
import { startTraffic } from '../lab/traffic.ts';

/** Before 0.19 flannel was in kube-system, and wrote its rules into no chains of its own. */
const older = '0.17.0';
const newer = '0.28.7';

const olderPods = (lab: Lab) => podsOf(lab, 'provision-flannel', 'kube-system');

/** The lab's inventory with the release of today. */
async function newerInventory(lab: Lab): Promise<string> {
  const program = await buildFlanneld(labCacheFolder(), newer, say);
  const { template = '' } = readState(lab.folder) ?? {};
  const archive = await makeFlannelImage(labCacheFolder(), template, { version: newer, program }, say);
  const image = await place(lab.folder, archive, `flannel-v${newer}.tar`);
  return writeInventory(lab, 'newer', ({ all: { vars } }) => {
    vars['network'] = { ...vars['network'], flannel: { version: newer } };
    Object.assign(vars['artifacts'] ?? {}, { images: [{ ...image, names: [flannelImages[newer]] }] });
  });
}

/** How many containers have a flanneld: one that starts iptables is two processes of that name for a moment. */
const countScript = `for pid in $(pgrep -x flanneld); do cksum <"/proc/$pid/cgroup" 2>/dev/null; done | sort -u | wc -l`;

/** The most flannelds that a node had at once while that went on. */
async function mostAtOnce(lab: Lab, during: Promise<unknown>): Promise<number> {
  let most = 0;
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  during.then(end, end);
  while (!isOver) {
    const counts = await onEach(lab, nodeNames(lab), countScript);
    most = Math.max(most, ...Object.values(counts).map(Number));
    await setTimeout(500);
  }
  return most;
}

describeOwnLab(
  `flannel ${older} in pods`,
  1,
  (lab) => {
    let inventory = '';
    let update: Run;

    beforeAll(async () => {
      inventory = await newerInventory(lab());
    });

    test('comes up in kube-system, and pods reach each other', async () => {
      const run = await runUp(lab().inventoryPath);
      expect(run.code, told(run)).toBe(0);
      expect(provenOfTwo(run)).toBe(2);
      await allReady(lab(), nodeNames(lab()), 1);
      expect(Object.keys(await olderPods(lab())).toSorted()).toEqual(nodeNames(lab()));
      for (const node of nodeNames(lab())) {
        expect(await on(lab(), node, 'ip -d link show flannel.1')).toContain('dstport 8472');
        expect(await on(lab(), node, 'iptables-save')).not.toContain(':FLANNEL-');
      }
      const logs = ['-n', 'kube-system', 'logs', 'daemonset/provision-flannel'];
      expect(await kubectl(lab(), ...logs)).not.toContain('panic');
    });

    test('is left alone by a second run', async () => {
      const running = await olderPods(lab());
      await expectSettled(lab(), lab().inventoryPath);
      expect(await olderPods(lab())).toEqual(running);
    });

    test(`gives way to ${newer} in kube-flannel, and no node has both at any time`, async () => {
      const [one = '', two = ''] = nodeNames(lab());
      const traffic = await startTraffic(lab(), [one, two]);
      const since = traffic.now();
      const running = runUp(inventory);
      const most = await mostAtOnce(lab(), running);
      update = await running;
      expect(update.code, told(update)).toBe(0);
      expect(most).toBe(1);
      expect(await olderPods(lab())).toEqual({});
      expect(Object.keys(await flannelPods(lab())).toSorted()).toEqual(nodeNames(lab()));
      for (const node of nodeNames(lab()))
        expect(await on(lab(), node, 'iptables-save -t nat')).toContain(':FLANNEL-POSTRTG');
      await traffic.flows(30);
      const requests = Object.values(traffic.requests(since)).flat();
      say(
        `${older} → ${newer}: ${requests.filter(({ outcome }) => outcome !== 'good').length} of ${requests.length} requests not answered as they have to be`,
      );
      expect(traffic.gaps(since)).toEqual({ [one]: [], [two]: [] });
      await traffic.stop();
      await expectSettled(lab(), inventory);
    });

    test(`undo leads back to ${older}`, async () => {
      const back = runUndo(idOf(update));
      const most = await mostAtOnce(lab(), back);
      const undone = await back;
      expect(undone.code, told(undone)).toBe(0);
      expect(most).toBe(1);
      // it puts the DaemonSet back and does not wait for its pods
      await kubectl(lab(), '-n', 'kube-system', 'rollout', 'status', 'daemonset/provision-flannel', '--timeout=180s');
      expect(await kubectl(lab(), 'get', 'daemonsets', '-A', '-o', 'name')).toBe('daemonset.apps/provision-flannel\n');
      expect(Object.keys(await olderPods(lab())).toSorted()).toEqual(nodeNames(lab()));
      // what undo has put back is proven by the next run
      await expectNothingDue(lab().inventoryPath);
      await expectSettled(lab(), lab().inventoryPath);
      for (const node of nodeNames(lab())) expect(await on(lab(), node, countScript)).toBe('1');
    });
  },
  { agent: 'flannel-daemonset', backend: 'vxlan', dockershimNodes: 1, controlPlanes: 1, flannel: older },
);
