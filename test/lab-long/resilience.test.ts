import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { killAgent, loseRules, type NetworkAgent } from '../lab/break-agent.ts';
import { describeOwnLabs } from '../lab/own-lab.ts';
import { allReady, eventually, on, onEach } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';
import { startTraffic, type Traffic } from '../lab/traffic.ts';

const networks = [
  { agent: 'static-routes', backend: 'host-gw' },
  { agent: 'flannel', backend: 'vxlan' },
] as const;

/** A lab with one of the networks: node1 has containerd, node2 Docker through dockershim. */
interface Side {
  readonly title: string;
  readonly agent: NetworkAgent;
  readonly lab: Lab;
  readonly traffic: Traffic;
}

/** Pods are back within that time after their host answers, by themselves. */
const backSeconds = 120;
const outageSeconds = 120;

const ways = {
  'is rebooted': (lab: Lab, host: string) => lab.reboot(host),
  'loses its power': async (lab: Lab, host: string) => {
    await lab.cut(host);
    await lab.start(host);
  },
} as const;

const size = { nodes: 1, dockershimNodes: 1, controlPlanes: 1 };

describeOwnLabs(
  'resilience',
  networks.length,
  (index) => ({ ...size, ...networks[index] }),
  (labs) => {
    let sides: readonly Side[] = [];

    beforeAll(async () => {
      sides = await Promise.all(
        networks.map(async ({ agent, backend }, index): Promise<Side> => {
          const lab = labs()[index];
          if (lab === undefined) throw new Error(`there is no lab for ${agent}`);
          const run = await runUp(lab.inventoryPath);
          expect(run.code, told(run)).toBe(0);
          return {
            title: `${agent} ${backend}`,
            agent,
            lab,
            traffic: await startTraffic(lab, ['node1', 'node2']),
          };
        }),
      );
    });

    /** Does the same in all labs at once, and says which pods had no answer for how long. */
    const onEachSide = async (what: string, act: (side: Side) => Promise<void>): Promise<void> => {
      await Promise.all(
        sides.map(async (side) => {
          const { title, traffic } = side;
          const since = traffic.now();
          try {
            await act(side);
            const tries = Object.values(traffic.requests(since)).flat();
            const masqueraded = tries.filter(({ outcome }) => outcome === 'foreign');
            expect(masqueraded, 'requests with another source than the pod').toEqual([]);
          } catch (cause) {
            throw new Error(`${title}, ${what}`, { cause });
          } finally {
            process.stdout.write(`lab: ${title}, ${what}: ${describeGaps(traffic, since)}\n`);
          }
        }),
      );
    };

    const expectNoGap = ({ traffic, lab }: Side, since: number): void => {
      const seconds = traffic.now() - since;
      for (const [node, tries] of Object.entries(traffic.requests(since))) {
        expect(
          tries.filter(({ outcome }) => outcome !== 'good'),
          `what failed from ${node}`,
        ).toEqual([]);
        expect(tries.length, `requests from ${node}`).toBeGreaterThan(seconds / 4);
      }
      expect(Object.keys(traffic.requests(since))).toEqual(nodeNames(lab));
    };

    test('the agent is killed: no request fails, and it is back by itself', () =>
      onEachSide('agent killed', async (side) => {
        const since = side.traffic.now();
        const isBack = await killAgent(side.agent, side.lab, nodeNames(side.lab));
        await eventually('the agent is back', 60, isBack);
        expectNoGap(side, since);
      }));

    test('no API server for two minutes, and the agent killed meanwhile: no request fails', () =>
      onEachSide('API server away', async (side) => {
        const { agent, lab, traffic } = side;
        const since = traffic.now();
        await on(lab, 'cp1', 'systemctl stop kube-apiserver');
        await sleep(10_000);
        const isBack = await killAgent(agent, lab, nodeNames(lab));
        await sleep((since + outageSeconds - traffic.now()) * 1000);
        await on(lab, 'cp1', 'systemctl start kube-apiserver');
        await eventually('the agent is back', backSeconds, isBack);
        await allReady(lab, nodeNames(lab));
        expectNoGap(side, since);
      }));

    test('somebody deletes what the agent keeps: it is there again by itself', () =>
      onEachSide('routes and rules deleted', async ({ agent, lab, traffic }) => {
        const isThere = await loseRules(agent, lab, 'node1');
        await eventually('routes and rules are back', 30, isThere);
        await traffic.flows(30);
      }));

    for (const [way, act] of Object.entries(ways)) {
      test.each(['node1', 'node2'])(`%s ${way}: its pods are reached again by themselves`, (node) =>
        onEachSide(`${node} ${way}`, async ({ lab, traffic }) => {
          await act(lab, node);
          await traffic.flows(backSeconds);
        }),
      );

      test(`the control plane ${way}: no request fails`, () =>
        onEachSide(`cp1 ${way}`, async (side) => {
          const since = side.traffic.now();
          await act(side.lab, 'cp1');
          await eventually(
            'the API server answers',
            backSeconds,
            async () => (await side.lab.kubectl(['get', 'nodes'])).code === 0,
          );
          expectNoGap(side, since);
        }));
    }

    test('all hosts lose their power at once: everything is back by itself', () =>
      onEachSide('all hosts lose their power', async ({ lab, traffic }) => {
        await Promise.all(namesOf(lab).map((host) => lab.cut(host)));
        await Promise.all(namesOf(lab).map((host) => lab.start(host)));
        await traffic.flows(backSeconds);
        await allReady(lab, nodeNames(lab));
      }));

    test('each pod has the one lease of its node that is its own', () =>
      onEachSide('leases', async ({ lab }) => {
        const leases = await onEach(lab, nodeNames(lab), 'ls /var/lib/cni/networks/cbr0 | grep -c "^[0-9]"');
        const sandboxes = await onEach(lab, nodeNames(lab), 'ls /sys/class/net/cni0/brif | wc -l');
        expect(leases).toEqual(sandboxes);
      }));

    test('a run finds nothing to do, and proves that pods reach each other', () =>
      onEachSide('a run', async ({ lab }) => {
        const run = await runUp(lab.inventoryPath, '--verify');
        expect(run.code, told(run)).toBe(0);
        expect(run.changed).toEqual([]);
      }));
  },
);

function describeGaps(traffic: Traffic, since: number): string {
  const words = Object.entries(traffic.gaps(since)).flatMap(([node, gaps]) =>
    gaps.map(
      ({ seconds, bothRanSeconds }) =>
        `${seconds.toFixed(1)} s from ${node} (${bothRanSeconds.toFixed(1)} s with both pods running)`,
    ),
  );
  return words.join(', ') || 'no gap';
}
