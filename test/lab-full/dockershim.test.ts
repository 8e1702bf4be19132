import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { filesScript, unitsScript } from '../lab/host-snapshot.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, diskOf, eventually, invocationOf, kubectl, on } from '../lab/read-hosts.ts';
import { runPlan } from '../lab/run-plan.ts';
import { idOf, type Run, runUndo, runUp, warningsOf } from '../lab/run-up.ts';
import { namesOf, told } from '../lab/settle.ts';

/** The node with Docker; node1 has containerd. */
const node = 'node2';

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly phase: string; readonly podIP?: string };
}

const podsOf = async (lab: Lab): Promise<{ bare: Pod; deployed: Pod }> => {
  const items: readonly Pod[] = JSON.parse(await kubectl(lab, 'get', 'pods', '-l', 'lab=docker', '-o', 'json')).items;
  const find = (prefix: string): Pod => {
    const found = items.find(({ metadata }) => metadata.name.startsWith(prefix) && !metadata.deletionTimestamp);
    if (!found) throw new Error(`there is no pod ${prefix}…`);
    return found;
  };
  return { bare: find('bare-'), deployed: find('deployed-') };
};

const proofOf = (run: Run): string | undefined =>
  run.events.flatMap((event) =>
    event.type === 'task-finished' && event.task === 'The datapath works' ? [event.detail ?? ''] : [],
  )[0];

const flagsOf = (lab: Lab): Promise<string> =>
  on(lab, node, "tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value kubelet)/cmdline");

/** Start times of the containers of the two pods, of which the sandboxes are the oldest. */
const containersOf = (lab: Lab, name: string): Promise<string> =>
  on(lab, node, `docker inspect -f '{{.Id}} {{.State.StartedAt}}' $(docker ps -q --filter name=${name}) | sort`);

describeOwnLab(
  'a node with Docker through dockershim',
  1,
  (lab) => {
    let dockerStart = '';
    let dockerSettings = '';
    let bareContainers = '';
    let first: Run;
    let asItWas = '';
    const filesAndUnits = () => on(lab(), node, `${filesScript}\n${unitsScript}\nexit 0`);
    const dockerFiles = () =>
      on(
        lab(),
        node,
        'find /etc/docker /etc/default/docker /etc/systemd/system -name "*docker*" -o -name daemon.json | xargs ls -lR',
      );

    beforeAll(async () => {
      dockerStart = await invocationOf(lab(), node, 'docker');
      dockerSettings = await dockerFiles();
      bareContainers = await containersOf(lab(), 'bare-');
      asItWas = await filesAndUnits();
    });

    test('before: Ready without network flags, two pods on docker0, FORWARD dropped, logs in files alone', async () => {
      await allReady(lab(), [node]);
      expect(await flagsOf(lab())).not.toMatch(/network-plugin|cni-/);
      const { bare, deployed } = await podsOf(lab());
      for (const pod of [bare, deployed]) {
        expect(pod.spec.nodeName).toBe(node);
        expect(pod.status).toMatchObject({ phase: 'Running', podIP: expect.stringMatching(/^172\.17\./) });
      }
      expect(await on(lab(), node, 'iptables -S FORWARD')).toContain('-P FORWARD DROP');
      expect(await on(lab(), node, 'journalctl -q -o cat _SYSTEMD_UNIT=kubelet.service')).toBe('');
      expect(await on(lab(), node, 'tail -n 1 /opt/k8s/logs/kubelet.INFO')).not.toBe('');
    });

    test('an inventory that calls the runtime by a wrong name is refused before anything is touched', async () => {
      const disks = () => Promise.all(['cp1', 'node1', node].map((name) => diskOf(lab(), name)));
      const before = await disks();
      const wrong = writeInventory(lab(), 'wrong-runtime', ({ all }) => {
        delete all.children.nodes.hosts[node]?.['runtime'];
        Object.assign(all.children.nodes.hosts['node1'] ?? {}, { runtime: { type: 'docker' } });
      });
      const run = await runUp(wrong);
      expect(run.code, told(run)).toBe(4);
      expect(run.codes).toEqual(['RUNTIME_DIFFERS', 'RUNTIME_DIFFERS']);
      expect(run.failures.find(({ host }) => host === node)?.error.fix).toContain('runtime: { type: docker }');
      expect(run.failures.find(({ host }) => host === 'node1')?.error.fix).toContain('runtime: { type: containerd }');
      expect(await disks()).toEqual(before);
    });

    test('plan says what is due, and names the pods on docker0', async () => {
      const plan = await runPlan(lab().inventoryPath);
      expect(plan.code, plan.stdout + plan.stderr).toBe(2);
      expect(plan.tasks('change')).toContain(`${node}: The kubelet calls CNI plugins for the pods that Docker runs`);
      const { bare, deployed } = await podsOf(lab());
      for (const { metadata, status } of [bare, deployed])
        expect(warningsOf(plan).join('\n')).toContain(`default/${metadata.name} on ${node}, ${status.podIP}, `);
    });

    test('up sets the flags, proves the datapath across both runtimes, and names the pods left on docker0', async () => {
      first = await runUp(lab().inventoryPath);
      const run = first;
      expect(run.code, told(run)).toBe(0);
      expect(await flagsOf(lab())).toMatch(
        /^--network-plugin=cni\n--cni-bin-dir=\/opt\/cni\/bin\n--cni-conf-dir=\/etc\/cni\/net\.d$/m,
      );
      expect(proofOf(run)).toContain('2 pairs of nodes');
      const { bare, deployed } = await podsOf(lab());
      expect(warningsOf(run).join('\n')).toContain(
        `default/${bare.metadata.name} on ${node}, ${bare.status.podIP}, bare`,
      );
      expect(warningsOf(run).join('\n')).toContain(
        `default/${deployed.metadata.name} on ${node}, ${deployed.status.podIP}, of Deployment deployed-${node}`,
      );
      expect(run.changed.filter((task) => /containerd/.test(task) && task.startsWith(node))).toEqual([
        `${node}: Routes and rules are there before containerd and the kubelet start at boot`,
      ]);
      expect(await on(lab(), node, 'iptables -S FORWARD')).toContain('-P FORWARD DROP');
    });

    test('a second run changes nothing in two commands per host, and still names them; nothing is planned', async () => {
      const run = await runUp(lab().inventoryPath);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      for (const name of namesOf(lab())) expect(run.summary(name), name).toMatchObject({ commands: 2, changed: 0 });
      expect(warningsOf(run).join('\n')).toMatch(/^2 pods /);
      const plan = await runPlan(lab().inventoryPath);
      expect(plan.code, plan.stdout + plan.stderr).toBe(0);
      expect(warningsOf(plan).join('\n')).toBe(warningsOf(run).join('\n'));
    });

    test('--recreate-pods moves the pod of the Deployment and leaves the bare one', async () => {
      const before = await podsOf(lab());
      const run = await runUp(lab().inventoryPath, '--recreate-pods');
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([`${node}: Pods have addresses of their Node's range`]);
      expect(warningsOf(run).join('\n')).toMatch(/^1 pod .*\n {2}default\/bare-/);
      const after = await podsOf(lab());
      expect(after.bare).toMatchObject({
        metadata: { uid: before.bare.metadata.uid },
        status: { phase: 'Running', podIP: before.bare.status.podIP },
      });
      expect(after.deployed.metadata.uid).not.toBe(before.deployed.metadata.uid);
      const podCidr = await kubectl(lab(), 'get', 'node', node, '-o', 'jsonpath={.spec.podCIDR}');
      expect(after.deployed.status.podIP).toMatch(new RegExp(`^${podCidr.replace(/\.\d+\/24$/, '')}\\.`));
      // from the other node
      await on(lab(), 'node1', `ping -c 1 -W 3 ${after.deployed.status.podIP}`);
    });

    test('Docker was neither restarted nor changed, and the containers of before still run', async () => {
      expect(await invocationOf(lab(), node, 'docker')).toBe(dockerStart);
      expect(await containersOf(lab(), 'bare-')).toBe(bareContainers);
      expect(await dockerFiles()).toBe(dockerSettings);
    });

    test('a kubelet that dies over a flag is quoted from its log file', async () => {
      const broken = writeInventory(lab(), 'broken-kubelet', ({ all }) => {
        all.vars['kubelet'] = { flags: { 'topology-manager-policy': 'no-such-policy' } };
      });
      const run = await runUp(broken, '--limit', node);
      expect(run.code, told(run)).toBe(4);
      expect(run.codes, told(run)).toEqual(['UNIT_FAILED']);
      const why = run.failures[0]?.error.why ?? '';
      expect(why).toMatch(/^\/opt\/k8s\/logs\/kubelet\.node2\.root\.log\.INFO\.[\d-]+\.\d+:$/m);
      expect(why).toMatch(/^F\d+ .*no-such-policy$/m);
      expect(why).not.toMatch(/goroutine/);
    });

    test('mended, and with Docker restarted by hand: packets pass its FORWARD policy, and no pod is left', async () => {
      await on(lab(), node, 'systemctl restart docker');
      const run = await runUp(lab().inventoryPath, '--verify');
      expect(run.code, told(run)).toBe(0);
      expect(proofOf(run)).toContain('2 pairs of nodes');
      expect(await on(lab(), node, 'iptables -S FORWARD')).toContain('-P FORWARD DROP');
      // the kubelet gives a pod whose sandbox has died a new one, now by the plugins
      await eventually(
        'the bare pod is on the pod network',
        60,
        async () => (await podsOf(lab())).bare.status.podIP?.startsWith('10.5.') ?? false,
      );
      const quiet = await runUp(lab().inventoryPath);
      expect(warningsOf(quiet).join('\n')).toBe('');
      expect(quiet.changed).toEqual([]);
    });

    test('the first run taken back: Ready with its command line and files of before, pods are on docker0 again', async () => {
      const docker = await invocationOf(lab(), node, 'docker');
      const containers = await containersOf(lab(), 'bare-');
      const run = await runUndo(idOf(first));
      expect(run.code, told(run)).toBe(0);
      expect(await filesAndUnits()).toBe(asItWas);
      expect(await flagsOf(lab())).not.toMatch(/network-plugin|cni-/);
      await allReady(lab(), [node]);
      expect(await invocationOf(lab(), node, 'docker')).toBe(docker);
      await eventually('the pods are on docker0', 90, async () => {
        const { bare, deployed } = await podsOf(lab());
        return (
          [bare, deployed].every(({ status }) => status.podIP?.startsWith('172.17.')) ||
          JSON.stringify([bare.status, deployed.status])
        );
      });
      expect(await containersOf(lab(), 'bare-')).not.toBe(containers);
    });
  },
  { dockershimNodes: 1 },
);
