import { beforeAll, expect, test } from 'vitest';
import { askPodFrom } from '../lab/ask-a-pod.ts';
import { networksOf, oldRange, podsAreOn } from '../lab/etcd-flannel-ground.ts';
import { etcdKeys } from '../lab/etcd-ground.ts';
import { type MigrationGround, prepareMigration } from '../lab/migration-ground.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { runMigration, storyOf, undoMigration, watchMigration } from '../lab/run-migration.ts';
import { runResume } from '../lab/run-roll.ts';
import { type Run, runUp } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';

describeOwnLab(
  'from docker0 and flannel with etcd to the pod network',
  0,
  (lab) => {
    let ground: MigrationGround;
    beforeAll(async () => {
      ground = await prepareMigration(lab(), { from: 'vxlan', api: 'v3', to: 'host-gw' });
    });

    test('before: pods on docker0 with addresses of the old range, and `up` names the way', async () => {
      await podsAreOn(lab(), '172.30.');
      const refused = await runUp(lab().inventoryPath);
      expect(refused.codes).toContain('AGENT_CHANGES');
      expect(refused.failures.map(({ error }) => error.fix).join('\n')).toContain('provision migrate');
      expect(await networksOf(lab())).toEqual(ground.before);
    });

    test('the plan: ranges, order, every pod on docker0 with its owner; bare ones keep it from being begun', async () => {
      const refused = await runMigration(ground.inventory('plan'), '--plan');
      expect(refused.codes).toEqual(['DRAIN_REFUSED']);
      const story = storyOf(refused);
      expect(story.from.networks).toEqual([oldRange]);
      expect(story.from.flannels).toHaveLength(nodeNames(lab()).length);
      const fates = Object.fromEntries(story.pods.map(({ name, fate }) => [name.replace(/-.*/, ''), fate]));
      expect(fates).toEqual({ bare: 'lost', deployed: 'anew', web: 'anew', clients: 'on-its-node' });
      for (const { address } of story.pods) expect(address).toMatch(/^172\.30\./);

      const plan = await runMigration(ground.inventory('plan'), '--plan', '--delete-bare-pods');
      expect(plan.code, told(plan)).toBe(2);
      expect(storyOf(plan).order).toEqual(nodeNames(lab()).map((node) => [node]));
      expect(await networksOf(lab())).toEqual(ground.before);
    });

    test('a node that fails goes back by itself, and the rest stop; then all of it is taken back', async () => {
      const [first = '', last = ''] = [nodeNames(lab())[0], nodeNames(lab()).at(-1)];
      const broken = ground.inventory('broken', (hosts) => {
        Object.assign(hosts[last] ?? {}, { kubelet: { flags: { 'topology-manager-policy': 'no-such-policy' } } });
      });
      const since = ground.clients.now();
      const run = await runMigration(broken, '--yes', '--delete-bare-pods');
      ground.report('a failed node put back', since);
      expect(run.codes, told(run)).toEqual(['UNIT_FAILED', 'ROLL_STOPPED']);
      await ground.isWell();
      const then = await networksOf(lab());
      expect(then[first]).toContain('subnet.env 10.5.0.0/16');
      for (const text of ['docker0', 'dockerd', 'kubelet', 'subnet.env', 'flanneld'])
        expect(then[last]?.split('\n').find((line) => line.startsWith(text))).toBe(
          ground.before[last]?.split('\n').find((line) => line.startsWith(text)),
        );
      // each node's own pods: the network of the client's pod, in which a program of the host runs
      const inPod = "nsenter -n -t $(docker inspect -f '{{.State.Pid}}' $(docker ps -q --filter name=k8s_client_))";
      const addressOf = (node: string): string => lab().host(node).address;
      expect(await askPodFrom(lab(), [first], last, inPod), 'new → old').toEqual({
        [first]: expect.stringMatching(/^172\.30\.\d+\.0$/), // of its flannel.1
      });
      expect(await askPodFrom(lab(), [last], first, inPod), 'old → new').toEqual({ [last]: addressOf(last) });
      await ground.holds();

      const undone = await undoMigration(broken, run);
      expect(undone.code, told(undone)).toBe(0);
      await ground.expectOld();
    });

    test('killed in the middle of a node: resume goes on, requests between pods are counted; both taken back', async () => {
      const path = ground.inventory('killed');
      const [, second] = nodeNames(lab());
      await ground.clients.flows(120);
      const since = ground.clients.now();
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
      ground.report('killed and resumed', since);
      await ground.expectNew();
      expect(Object.keys(await etcdKeys(lab()))).toContain('/coreos.com/network/config');
      for (const run of [resumed, killed]) {
        const undone = await undoMigration(path, run);
        expect(undone.code, told(undone)).toBe(0);
      }
      await ground.expectOld();
    });

    test('as a whole, under requests between pods; with --purge etcd has no key of flannel afterwards', async () => {
      // a controller-manager that was just restarted leaves Services as they are until it leads
      await ground.clients.flows(120);
      const since = ground.clients.now();
      const run: Run = await runMigration(ground.inventory('whole'), '--yes', '--delete-bare-pods', '--purge');
      expect(run.code, told(run)).toBe(0);
      ground.report('migrated', since);
      await ground.expectNew();
      expect(await etcdKeys(lab())).toEqual({});
      await ground.holds();
    });
  },
  { dockershimNodes: 2, controlPlanes: 1, flannel: '0.20.2' },
);
