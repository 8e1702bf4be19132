import { beforeAll, expect, test } from 'vitest';
import { askPodFrom } from '../lab/ask-a-pod.ts';
import { type Clients, startClients } from '../lab/clients.ts';
import { etcdKeyNames, networkOf, oldRange, podsAreOn, setUpEtcdFlannel } from '../lab/etcd-flannel-ground.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, kubectl } from '../lab/read-hosts.ts';
import { runMigration, storyOf, undoMigration, watchMigration } from '../lab/run-migration.ts';
import { runResume } from '../lab/run-roll.ts';
import { type Run, runUp } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';

const backend = 'vxlan';

describeOwnLab(
  'from docker0 and flannel with etcd to the pod network',
  0,
  (lab) => {
    let clients: Clients;
    let before: Readonly<Record<string, string>>;
    const networks = async (): Promise<Record<string, string>> =>
      Object.fromEntries(await Promise.all(nodeNames(lab()).map(async (node) => [node, await networkOf(lab(), node)])));
    const inventory = (name: string, change: (hosts: Record<string, Record<string, unknown>>) => void = () => {}) =>
      writeInventory(lab(), name, ({ all }) => {
        all.vars['roll'] = { batches: 1, soak_seconds: 2, drain_seconds: 120 };
        change(all.children.nodes.hosts);
      });
    /** Clients are on every node, and end with the turn of theirs; what fails besides would be somebody else's loss. */
    const report = (what: string, since: number): void => {
      const seconds = Math.round(clients.now() - since);
      for (const [node, { asked, failed, failedAtItsEnd, longestSeconds, starts }] of Object.entries(
        clients.measure(since),
      )) {
        say(
          `${what} (${seconds} s): from ${node} ${asked} requests, ${failed} failed and ${failedAtItsEnd} more while the client was ended; at most ${longestSeconds} s without an answer; started ${starts} times`,
        );
        expect(failed, `from ${node}`).toBe(0);
      }
    };
    const isWell = async () => {
      const seen = JSON.parse(await kubectl(lab(), 'get', 'nodes', '-o', 'json')).items;
      for (const { spec, metadata } of seen) {
        expect(spec.unschedulable, metadata.name).toBeUndefined();
        expect(metadata.annotations?.['provision/cordon'], metadata.name).toBeUndefined();
      }
      await allReady(lab(), nodeNames(lab()));
    };
    const expectOld = async () => {
      await podsAreOn(lab(), '172.30.');
      expect(await networks()).toEqual(before);
      await isWell();
    };
    const expectNew = async () => {
      await podsAreOn(lab(), '10.5.');
      for (const [node, text] of Object.entries(await networks())) {
        const lines = text.split('\n');
        expect(lines, node).toEqual(
          expect.arrayContaining([
            expect.stringMatching(/^docker0 172\.17\./),
            'flanneld inactive disabled',
            expect.stringMatching(/^dockerd (?!.*(172\.30|--mtu|--ip-masq)).* --bip=172\.17\.0\.1\/16/),
            'kubelet 1',
            'routes 0 of old, 1 of ours',
            'rules 0',
            'links 0',
            'subnet.env 10.5.0.0/16',
          ]),
        );
      }
      await isWell();
      const quiet = await runUp(lab().inventoryPath);
      expect(quiet.code, told(quiet)).toBe(0);
      expect(quiet.changed).toEqual([]);
    };

    beforeAll(async () => {
      await setUpEtcdFlannel(lab(), backend);
      clients = await startClients(lab());
      before = await networks();
    });

    test('before: pods on docker0 with addresses of the old range, and `up` names the way', async () => {
      await podsAreOn(lab(), '172.30.');
      const refused = await runUp(lab().inventoryPath);
      expect(refused.codes).toContain('AGENT_CHANGES');
      expect(refused.failures.map(({ error }) => error.fix).join('\n')).toContain('provision migrate');
      expect(await networks()).toEqual(before);
    });

    test('the plan: ranges, order, every pod on docker0 with its owner; bare ones keep it from being begun', async () => {
      const refused = await runMigration(inventory('plan'), '--plan');
      expect(refused.codes).toEqual(['DRAIN_REFUSED']);
      const story = storyOf(refused);
      expect(story.from.networks).toEqual([oldRange]);
      expect(story.from.flannels).toHaveLength(nodeNames(lab()).length);
      const fates = Object.fromEntries(story.pods.map(({ name, fate }) => [name.replace(/-.*/, ''), fate]));
      expect(fates).toEqual({ bare: 'lost', deployed: 'anew', web: 'anew', clients: 'on-its-node' });
      for (const { address } of story.pods) expect(address).toMatch(/^172\.30\./);

      const plan = await runMigration(inventory('plan'), '--plan', '--delete-bare-pods');
      expect(plan.code, told(plan)).toBe(2);
      expect(storyOf(plan).order).toEqual(nodeNames(lab()).map((node) => [node]));
      expect(await networks()).toEqual(before);
    });

    test('a node that fails goes back by itself, and the rest stop; then all of it is taken back', async () => {
      const [first = '', last = ''] = [nodeNames(lab())[0], nodeNames(lab()).at(-1)];
      const broken = inventory('broken', (hosts) => {
        Object.assign(hosts[last] ?? {}, { kubelet: { flags: { 'topology-manager-policy': 'no-such-policy' } } });
      });
      const since = clients.now();
      const run = await runMigration(broken, '--yes', '--delete-bare-pods');
      report('a failed node put back', since);
      expect(run.codes, told(run)).toEqual(['UNIT_FAILED', 'ROLL_STOPPED']);
      await isWell();
      const then = await networks();
      expect(then[first]).toContain('subnet.env 10.5.0.0/16');
      for (const text of ['docker0', 'dockerd', 'kubelet', 'subnet.env', 'flanneld'])
        expect(then[last]?.split('\n').find((line) => line.startsWith(text))).toBe(
          before[last]?.split('\n').find((line) => line.startsWith(text)),
        );
      // each node's own pods: the network of the client's pod, in which a program of the host runs
      const inPod = "nsenter -n -t $(docker inspect -f '{{.State.Pid}}' $(docker ps -q --filter name=k8s_client_))";
      const addressOf = (node: string): string => lab().host(node).address;
      expect(await askPodFrom(lab(), [first], last, inPod), 'new → old').toEqual({
        [first]: expect.stringMatching(/^172\.30\.\d+\.0$/), // of its flannel.1
      });
      expect(await askPodFrom(lab(), [last], first, inPod), 'old → new').toEqual({ [last]: addressOf(last) });
      const between = clients.now();
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      clients.expectNoFailure(between);

      const undone = await undoMigration(broken, run);
      expect(undone.code, told(undone)).toBe(0);
      await expectOld();
    });

    test('killed in the middle of a node: resume goes on, requests between pods are counted; both taken back', async () => {
      const path = inventory('killed');
      const [, second] = nodeNames(lab());
      await clients.flows(120);
      const since = clients.now();
      const killed = await watchMigration(
        path,
        (event, child) => {
          if (event.type === 'task-started' && event.task === 'Docker runs on its own bridge' && event.host === second)
            child.kill('SIGKILL');
        },
        '--delete-bare-pods',
      );
      expect(killed.code).toBeNull();
      const resumed = await runResume(lab());
      expect(resumed.code, told(resumed)).toBe(0);
      report('killed and resumed', since);
      await expectNew();
      expect(await etcdKeyNames(lab())).toContain('/coreos.com/network/config');
      for (const run of [resumed, killed]) {
        const undone = await undoMigration(path, run);
        expect(undone.code, told(undone)).toBe(0);
      }
      await expectOld();
    });

    test('as a whole, under requests between pods; with --purge etcd has no key of flannel afterwards', async () => {
      // a controller-manager that was just restarted leaves Services as they are until it leads
      await clients.flows(120);
      const since = clients.now();
      const run: Run = await runMigration(inventory('whole'), '--yes', '--delete-bare-pods', '--purge');
      expect(run.code, told(run)).toBe(0);
      report('migrated', since);
      await expectNew();
      expect(await etcdKeyNames(lab())).toEqual([]);
      const after = clients.now();
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      clients.expectNoFailure(after);
    });
  },
  { dockershimNodes: 2, controlPlanes: 1, flannel: '0.20.2' },
);
