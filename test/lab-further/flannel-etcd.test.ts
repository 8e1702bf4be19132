import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import {
  bridgeOf,
  dockerFlags,
  etcdKeys,
  etcdUnit,
  issueClient,
  speakOlderApi,
  subnetOf,
  writeEtcdInventory,
} from '../lab/etcd-ground.ts';
import { filesScript, unitsScript } from '../lab/host-snapshot.ts';
import { writeInventory } from '../lab/inventories.ts';
import { runNetworkChange } from '../lab/network-changes.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, diskOf, eventually, invocationOf, kubectl, on, onEach } from '../lab/read-hosts.ts';
import { runMigration, storyOf, undoMigration } from '../lab/run-migration.ts';
import { runPlan } from '../lab/run-plan.ts';
import { idOf, type Run, runUndo, runUp, warningsOf } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';

/** Packet rules in any order: Docker writes its own anew whenever it starts, and kube-proxy when pods change. */
const network = `ip -4 route | sed 's, linkdown,,' | sort; ip -4 addr show dev docker0 2>/dev/null | grep inet
ip -o link show type vxlan | sed 's/^[0-9]*: \\([^:@]*\\).*/link \\1/'
for iptables in iptables-nft iptables-legacy; do $iptables-save 2>/dev/null | grep -v -e '^[#:*]' -e COMMIT -e KUBE- | sort; done`;
const snapshot = [filesScript, unitsScript, network, 'exit 0'].join('\n');

const proven = (run: Run): number =>
  run.events.filter(
    (event) => event.type === 'task-finished' && /^2 pairs/.test('detail' in event ? (event.detail ?? '') : ''),
  ).length;

const podAddresses = async (lab: Lab): Promise<readonly string[]> =>
  (await kubectl(lab, 'get', 'pods', '-l', 'lab=docker', '-o', 'jsonpath={.items[*].status.podIP}')).split(' ');

/** A container of Docker itself on one node, and what it is asked from the other. */
const reachFrom = (lab: Lab, from: string, to: string): Promise<string> =>
  on(
    lab,
    to,
    `docker rm -f echo >/dev/null 2>&1; docker run -d --name echo lab.invalid/verify:1 sh -c 'sleep 600' >/dev/null && docker inspect -f '{{.NetworkSettings.IPAddress}}' echo`,
  ).then((address) =>
    on(lab, from, `docker run --rm lab.invalid/verify:1 ping -c 3 -W 3 ${address} | grep -o '3 packets received'`),
  );

/** What hosts had before the first run; taken back by the last test. */
const before: Record<string, string> = {};

describeOwnLab(
  'flannel with etcd',
  0,
  (lab) => {
    let inventory = '';
    let first: Run;
    let second: Run;
    let ranges: Record<string, string> = {};

    beforeAll(async () => {
      await issueClient(lab());
      inventory = writeEtcdInventory(lab(), 'etcd');
      await allReady(lab(), nodeNames(lab()));
      Object.assign(before, await onEach(lab(), namesOf(lab()), snapshot));
    });

    test('before: Ready, with pods on docker0', async () => {
      for (const address of await podAddresses(lab())) expect(address).toMatch(/^172\.17\./);
      expect(await etcdKeys(lab())).toEqual({});
    });

    test("is refused where Docker's own file sets its range, before anything is touched", async () => {
      const disks = () => Promise.all(namesOf(lab()).map((name) => diskOf(lab(), name)));
      await on(
        lab(),
        'node2',
        `cp -p /etc/docker/daemon.json /root/kept.json; sed -i '1s/{/{ "bip": "172.30.0.1\\/16",/' /etc/docker/daemon.json`,
      );
      const then = await disks();
      const run = await runUp(inventory);
      expect(run.codes, told(run)).toEqual(['DOCKER_BRIDGE_CONFLICT']);
      expect(await disks()).toEqual(then);
      expect(await etcdKeys(lab())).toEqual({});
      await on(lab(), 'node2', 'mv /root/kept.json /etc/docker/daemon.json');
    });

    test('the plan names the containers that end, and takes one node after the other', async () => {
      const plan = await runPlan(inventory);
      expect(plan.code, plan.stdout + plan.stderr).toBe(2);
      expect(warningsOf(plan).join('\n')).toMatch(/its restart ends \d+ containers here/);
      expect(plan.tasks('change')).toContain('cp1: flannel finds the pod range and its backend in etcd');
      expect(plan.batches).toContainEqual(['node1']);
      expect(plan.batches).toContainEqual(['node2']);
    });

    test('up: etcd has the network, nodes have ranges, Docker has theirs, and pods reach each other', async () => {
      first = await runUp(inventory);
      expect(first.code, told(first)).toBe(0);
      expect(proven(first)).toBe(2);
      const keys = await etcdKeys(lab());
      expect(JSON.parse(keys['/coreos.com/network/config'] ?? '{}')).toMatchObject({
        Network: '10.5.0.0/16',
        SubnetLen: 24,
        Backend: { Type: 'vxlan' },
      });
      for (const node of nodeNames(lab())) {
        const range = await subnetOf(lab(), node);
        ranges = { ...ranges, [node]: range };
        expect(range).toMatch(/^10\.5\.\d+\.1\/24$/);
        expect(Object.keys(keys)).toContain(`/coreos.com/network/subnets/${range.replace('.1/24', '.0-24')}`);
        expect(await bridgeOf(lab(), node)).toBe(range);
        expect(await dockerFlags(lab(), node)).toBe(`--bip=${range}\n--ip-masq=false\n--mtu=1450`);
        expect(await on(lab(), node, 'stat -c %a:%u /etc/provision/flannel-etcd/client-key.pem')).toBe('600:0');
        expect(await on(lab(), node, 'find /etc/cni/net.d /opt/cni -type f 2>/dev/null; exit 0')).toBe('');
      }
      for (const address of await podAddresses(lab())) expect(address).toMatch(/^10\.5\./);
      const restarts = first.events.flatMap((event) =>
        event.type === 'batch-started' && event.stage.startsWith('Docker') ? [event.hosts.join()] : [],
      );
      expect(restarts).toEqual(['node1', 'node2']);
    });

    test("containers of Docker's own reach each other on different hosts, both ways", async () => {
      expect(await reachFrom(lab(), 'node1', 'node2')).toBe('3 packets received');
      expect(await reachFrom(lab(), 'node2', 'node1')).toBe('3 packets received');
      await onEach(lab(), nodeNames(lab()), 'docker rm -f echo');
    });

    test('a second run changes nothing, in two commands per host, and says nothing', async () => {
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      expect(warningsOf(run).join('\n')).toBe('');
      for (const name of namesOf(lab())) expect(run.summary(name), name).toMatchObject({ commands: 2, changed: 0 });
    });

    test('another range or backend is refused, and etcd keeps its own', async () => {
      const keys = await etcdKeys(lab());
      const range = await runUp(
        writeEtcdInventory(lab(), 'other-range', ({ vars }) =>
          Object.assign(vars['cluster'] ?? {}, { pod_cidr: '10.9.0.0/16' }),
        ),
      );
      expect(range.codes, told(range)).toContain('RANGES_DISAGREE');
      const backend = await runUp(
        writeEtcdInventory(lab(), 'other-backend', ({ vars }) =>
          Object.assign(vars['network'] ?? {}, { vxlan: { vni: 7 } }),
        ),
      );
      expect(backend.codes, told(backend)).toContain('AGENT_CHANGES');
      expect(await etcdKeys(lab())).toEqual(keys);
    });

    test('a stopped flanneld is no failed unit, and Docker goes on without it', async () => {
      const docker = await invocationOf(lab(), 'node1', 'docker');
      await on(lab(), 'node1', `systemctl stop ${etcdUnit}`);
      expect(await on(lab(), 'node1', `systemctl is-active ${etcdUnit}; exit 0`)).toBe('inactive');
      await on(lab(), 'node1', `systemctl start ${etcdUnit}`);
      expect(await invocationOf(lab(), 'node1', 'docker')).toBe(docker);
      expect(await subnetOf(lab(), 'node1')).toBe(ranges['node1']);
    });

    test('an MTU that this flannel cannot set is refused; other settings go into etcd and to flanneld, and Docker goes on', async () => {
      second = await runUp(
        writeEtcdInventory(lab(), 'mtu', ({ vars }) => Object.assign(vars['network'] ?? {}, { mtu: 1400 })),
      );
      // 0.20.2 takes the MTU of the interface and no other
      expect(second.codes, told(second)).toEqual(['CONFIG_INVALID']);
      second = await runUp(
        writeEtcdInventory(lab(), 'direct', ({ vars }) =>
          Object.assign(vars['network'] ?? {}, { vxlan: { direct_routing: true } }),
        ),
      );
      expect(second.code, told(second)).toBe(0);
      expect(second.changed).toContain('cp1: flannel finds the pod range and its backend in etcd');
      expect(second.changed.filter((task) => task.includes('Docker runs'))).toEqual([]);
      const other = (ranges['node2'] ?? '').replace('.1/24', '.0/24');
      const route = () => on(lab(), 'node1', `ip -4 route show ${other}`);
      await eventually(
        'packets go without VXLAN',
        30,
        async () => (await route()).includes(`via ${lab().host('node2').address} dev eth0`) || route(),
      );
    });

    test('a node that reboots has the same range, its Docker comes after flanneld, and nothing is due', async () => {
      await lab().reboot('node1');
      await eventually('node1 is back', 180, async () => (await bridgeOf(lab(), 'node1')) === ranges['node1']);
      expect(await dockerFlags(lab(), 'node1')).toContain(`--bip=${ranges['node1']}`);
      const [flanneld = 0, docker = 0] = (
        await on(
          lab(),
          'node1',
          `systemctl show -p ActiveEnterTimestampMonotonic --value ${etcdUnit} docker.service | grep .`,
        )
      )
        .split('\n')
        .map(Number);
      expect(docker).toBeGreaterThan(flanneld);
      await allReady(lab(), nodeNames(lab()));
      await eventually('pods are back', 120, async () => {
        const { stdout } = await lab().kubectl(['get', 'pods', '-l', 'lab=docker', '-o', 'wide']);
        return stdout.split('\n').filter((line) => / Running /.test(line)).length === 4 || stdout;
      });
      const run = await runUp(
        writeEtcdInventory(lab(), 'direct', ({ vars }) =>
          Object.assign(vars['network'] ?? {}, { vxlan: { direct_routing: true } }),
        ),
        '--verify',
      );
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      expect(proven(run)).toBe(2);
    });

    test('taken back, hosts and etcd are as before, and pods are on docker0 again', async () => {
      for (const run of [second, first]) {
        const back = await runUndo(idOf(run));
        expect(back.code, told(back)).toBe(0);
      }
      await allReady(lab(), nodeNames(lab()));
      await eventually('the pods are on docker0', 120, async () => {
        const addresses = await podAddresses(lab());
        return (addresses.length === 4 && addresses.every((one) => one.startsWith('172.17.'))) || addresses.join();
      });
      expect(await etcdKeys(lab())).toEqual({});
      for (const name of namesOf(lab())) expect(await on(lab(), name, snapshot), name).toBe(before[name]);
    });
  },
  { dockershimNodes: 2, controlPlanes: 1, flannel: '0.20.2' },
);

describeOwnLab(
  'flannel with an older etcd',
  0,
  (lab) => {
    let inventory = '';
    let first: Run;
    beforeAll(async () => {
      await issueClient(lab());
      inventory = writeEtcdInventory(lab(), 'etcd', ({ vars }) => {
        Object.assign(vars['network'] ?? {}, { backend: 'host-gw' });
        vars['roll'] = { drain: true, delete_bare_pods: true };
        vars['kube_proxy'] = { manage: true };
        Object.assign(vars['cluster'] ?? {}, { pod_cidr: '172.30.0.0/16' });
      });
    });

    test('is refused where etcd does not speak the API of that flannel, or cannot be asked, before anything is touched', async () => {
      const disks = () => Promise.all(namesOf(lab()).map((name) => diskOf(lab(), name)));
      const then = await disks();
      const away = await runUp(
        writeEtcdInventory(lab(), 'away', ({ vars }) =>
          Object.assign(vars['network']?.['etcd'] ?? {}, { endpoints: ['https://127.0.0.1:9'] }),
        ),
      );
      expect(away.codes, told(away)).toEqual(['ETCD_UNREACHABLE']);
      const run = await runUp(inventory);
      expect(run.codes, told(run)).toEqual(['ETCD_API_MISSING']);
      expect(run.failures[0]?.error.fix).toContain('--enable-v2');
      expect(await disks()).toEqual(then);
    });

    test('comes up where it does, with plain routes, on nodes that were drained before', async () => {
      await speakOlderApi(lab());
      first = await runUp(inventory);
      expect(first.code, told(first)).toBe(0);
      expect(proven(first)).toBe(2);
      expect(first.changed).toContain('node1: Nodes whose Docker is about to restart are drained');
      expect(await kubectl(lab(), 'get', 'nodes')).not.toContain('SchedulingDisabled');
      expect(Object.keys(await etcdKeys(lab(), 'v2')).join()).toContain('/coreos.com/network/subnets/172.30.');
      for (const node of nodeNames(lab())) expect(await bridgeOf(lab(), node)).toBe(await subnetOf(lab(), node));
      const again = await runUp(inventory);
      expect(again.changed, told(again)).toEqual([]);
    });

    test('nodes leave it one after the other, nothing of it is left, and it comes back', async () => {
      const left = writeInventory(lab(), 'left', ({ all: { vars } }) => {
        vars['roll'] = { batches: 1, soak_seconds: 0, drain_seconds: 120, delete_bare_pods: true };
        vars['kube_proxy'] = { manage: true };
      });
      const change = await runNetworkChange(lab(), left, '--yes');
      expect(change.codes, told(change)).toEqual(['AGENT_CHANGES']);
      expect(change.failures[0]?.error.fix).toContain('provision migrate');
      const keys = await etcdKeys(lab(), 'v2');
      const migrated = await runMigration(left, '--yes', '--purge');
      expect(migrated.code, told(migrated)).toBe(0);
      expect(await etcdKeys(lab(), 'v2')).toEqual({});
      expect(storyOf(migrated).from.networks).toEqual(['172.30.0.0/16']);
      for (const node of nodeNames(lab())) {
        expect(await bridgeOf(lab(), node)).toMatch(/^172\.17\./);
        expect(await on(lab(), node, `ls /etc/provision; systemctl is-active ${etcdUnit}; exit 0`)).toBe(
          'static-routes\ninactive',
        );
        expect(await on(lab(), node, 'ls /usr/local/lib/provision')).not.toContain('flanneld');
      }
      const quiet = await runUp(left);
      expect(quiet.code, told(quiet)).toBe(0);
      expect(quiet.changed).toEqual([]);
      const undone = await undoMigration(left, migrated);
      expect(undone.code, told(undone)).toBe(0);
      for (const node of nodeNames(lab())) expect(await bridgeOf(lab(), node)).toBe(await subnetOf(lab(), node));
      expect(await etcdKeys(lab(), 'v2')).toEqual(keys);
      const again = await runUp(inventory);
      expect(again.code, told(again)).toBe(0);
      expect(again.changed).toEqual([]);
    });

    test('is taken back', async () => {
      const back = await runUndo(idOf(first));
      expect(back.code, told(back)).toBe(0);
      expect(await etcdKeys(lab(), 'v2')).toEqual({});
      for (const node of nodeNames(lab())) expect(await bridgeOf(lab(), node)).toMatch(/^172\.17\./);
    });
  },
  { dockershimNodes: 2, controlPlanes: 1, flannel: '0.17.0' },
);
