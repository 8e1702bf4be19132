import { expect, test } from 'vitest';
import { currentKubernetes, dockershimKubernetes } from '../../src/lab/kubernetes-version.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on } from '../lab/read-hosts.ts';
import { expectBack, lost, nodeIdentity, timeToReady, watchRebuild } from '../lab/rebuild-ground.ts';
import { settle } from '../lab/settle.ts';

/** Agents whose packets travel inside those of the hosts: who sends them has to know where the node is now. */
const cases = [
  { agent: 'static-routes', backend: 'vxlan', kubernetes: dockershimKubernetes, senders: ['cp1', 'node1'] },
  { agent: 'flannel', backend: 'vxlan', kubernetes: currentKubernetes, senders: ['node1'] },
] as const;

for (const { senders, ...size } of cases)
  describeOwnLab(
    `a node that moves, ${size.agent} over ${size.backend}`,
    2,
    (lab) => {
      test('comes back at another address, and all others send there', async () => {
        await settle(lab());
        const before = await nodeIdentity(lab());
        const old = lab().host(lost).address;
        await lab().wipe(lost, { newAddress: true });
        const run = await timeToReady(`rebuild at another address, ${size.agent} over ${size.backend}`, (onEvent) =>
          watchRebuild(lab(), lab().inventoryPath, ['--accept-new-host-key', '--old-machine-is-off'], onEvent),
        );
        await expectBack(lab(), before);
        const proof = run.events.find((event) => event.type === 'task-finished' && event.task === 'The datapath works');
        expect(proof).toMatchObject({ detail: expect.stringMatching(/^2 pairs of nodes/) });
        for (const host of senders) {
          const entries = await on(
            lab(),
            host,
            'for device in $(ip -o link show type vxlan | cut -d: -f2); do bridge fdb show dev $device; done',
          );
          expect(entries, host).toContain(`dst ${lab().host(lost).address} `);
          expect(entries, host).not.toContain(`dst ${old} `);
        }
      });
    },
    { ...size, controlPlanes: 1, hasSoftware: true },
  );
