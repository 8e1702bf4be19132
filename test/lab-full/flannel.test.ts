import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { filesScript, networkScript, unitsScript } from '../lab/host-snapshot.ts';
import { type InventoryData, writeInventory } from '../lab/inventories.ts';
import { searchHost } from '../lab/marked-secrets.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { eventually, invocationOf, kubectl, on, onEach, podCidrs, steadyOnEach } from '../lab/read-hosts.ts';
import { idOf, type Run, runUndo, runUp } from '../lab/run-up.ts';
import { allNotReady, namesOf, nodeNames, told } from '../lab/settle.ts';
import { repositoryFolder } from '../lab/shared-lab.ts';
import { watchProcesses } from '../lab/watch-processes.ts';

const snapshot = [filesScript, networkScript, unitsScript, 'exit 0'].join('\n');
const unit = 'provision-flannel.service';
const port = 8473;

/** Lets Kubernetes have its rules in the legacy back end of iptables, as on a host that was set up that way. */
const takeLegacy = `systemctl stop kubelet kube-proxy
for table in nat filter mangle; do iptables-nft -t $table -S | grep -q KUBE- || continue
  iptables-nft-save -t $table | grep -v KUBE- | iptables-nft-restore -T $table; done
update-alternatives --set iptables /usr/sbin/iptables-legacy; systemctl start kubelet kube-proxy`;

/** Rules of a flannel of another range, as it leaves them. */
const staleRules = `for rule in '-s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN' '-s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE'; do
  iptables -w -t nat -A POSTROUTING $rule -m comment --comment 'flanneld masq'
done
iptables -w -A FORWARD -s 10.244.0.0/16 -j ACCEPT -m comment --comment 'flanneld forward'`;

/** A device of the name flanneld uses, with an address of another range, with which it would not start. */
const staleDevice = `ip link add flannel.1 type vxlan id 1 dev eth0 dstport ${port}
ip addr add 10.244.9.0/32 dev flannel.1; ip link set flannel.1 up; ip route add 10.244.7.0/24 via 10.244.7.0 dev flannel.1 onlink`;
const stage = 'Device, routes and subnet.env are there';

const proven = (run: Run): number =>
  run.events.filter(
    (event) => event.type === 'task-finished' && /^2 pairs/.test('detail' in event ? (event.detail ?? '') : ''),
  ).length;

describeOwnLab(
  'flannel',
  2,
  (lab) => {
    let before: Record<string, string> = {};
    let first: Run;
    let inventory = '';
    let commandLines: readonly string[] = [];
    const derive = (name: string, change: (all: InventoryData['all']) => void = () => {}) =>
      writeInventory(lab(), name, ({ all }) => {
        Object.assign(all.vars['network'] ?? {}, { vxlan: { port, direct_routing: true }, mtu: 1400 });
        change(all);
      });
    const starts = () => Promise.all(nodeNames(lab()).map((node) => invocationOf(lab(), node, unit)));

    beforeAll(async () => {
      inventory = derive('direct');
      await on(lab(), 'node1', takeLegacy);
      await on(lab(), 'node2', staleRules);
      await eventually('kube-proxy has its rules', 60, async () =>
        /KUBE-SERVICES/.test(await on(lab(), 'node1', 'iptables-legacy-save; exit 0')),
      );
      await allNotReady(lab(), nodeNames(lab()));
      before = await steadyOnEach(lab(), namesOf(lab()), snapshot);
    });

    test('is refused with the setting that would name its plugin, before anything is written', async () => {
      const run = await runUp(
        derive('no-plugin', ({ vars }) => Reflect.deleteProperty(vars['artifacts'] ?? {}, 'flannel_cni_plugin')),
      );
      expect(new Set(run.codes)).toEqual(new Set(['PROGRAM_MISSING']));
      expect(run.failures.map(({ error }) => error.fix).join()).toContain('artifacts.flannel_cni_plugin');
      expect(await onEach(lab(), namesOf(lab()), snapshot)).toEqual(before);
    });

    test('is refused where something else has its health port, before anything is written', async () => {
      await on(lab(), 'node2', 'systemd-run -q --unit=squatter --socket-property=ListenStream=127.0.0.1:10261 true');
      const run = await runUp(inventory);
      await on(lab(), 'node2', 'systemctl stop squatter.socket');
      expect(run.codes, told(run)).toEqual(['HEALTH_PORT_TAKEN']);
      expect(run.failures[0]?.error.what).toContain('node2: TCP port 10261');
      expect(await onEach(lab(), namesOf(lab()), snapshot)).toEqual(before);
    });

    test('comes up from nothing, and pods reach each other', async () => {
      await on(lab(), 'node2', staleDevice);
      const watch = watchProcesses([], () => false);
      first = await runUp(inventory, '--debug');
      await watch.stop();
      commandLines = [...watch.commandLines];
      expect(first.code, told(first)).toBe(0);
      expect(proven(first)).toBe(2);
      const cidrs = await podCidrs(lab());
      for (const node of nodeNames(lab())) {
        const environment = await on(lab(), node, 'cat /run/flannel/subnet.env');
        expect(environment).toContain(`FLANNEL_SUBNET=${cidrs[node]?.replace(/\.0\/24$/, '.1/24')}`);
        expect(environment).toContain('FLANNEL_MTU=1400');
        expect(await on(lab(), node, 'ip -d link show flannel.1')).toContain(`dstport ${port}`);
        expect(await on(lab(), node, 'stat -c %a:%u /etc/provision/flannel/kubeconfig')).toBe('600:0');
      }
    });

    test('lets packets of nodes on one link go without VXLAN, as the inventory says', async () => {
      const cidrs = await podCidrs(lab());
      const route = `ip -4 route show ${cidrs['node2']}`;
      expect(await on(lab(), 'node1', route)).toContain(`via ${lab().host('node2').address} dev eth0`);
    });

    test('has its rules where Kubernetes has its own, and none of another range are left', async () => {
      for (const [node, used, other] of [
        ['node1', 'legacy', 'nft'],
        ['node2', 'nft', 'legacy'],
      ] as const) {
        const rules = await on(lab(), node, `iptables-${used}-save; exit 0`);
        expect(rules, node).toMatch(/-A FORWARD .*-j FLANNEL-FWD/);
        expect(rules, node).toContain('-j KUBE-SERVICES');
        expect(await on(lab(), node, `iptables-${other}-save; exit 0`), node).not.toMatch(/FLANNEL-|KUBE-/);
        expect(rules, node).not.toContain('10.244.');
      }
      expect(first.changed).toContain('node2: No packet rules of an earlier flannel are left');
      expect(first.changed).not.toContain('node1: No packet rules of an earlier flannel are left');
    });

    test("has its token in no output, journal or process, and on its own nodes in the service's file alone", async () => {
      const encoded = await kubectl(
        lab(),
        ...['-n', 'kube-system', 'get', 'secret', 'provision-flannel-token', '-o', 'jsonpath={.data.token}'],
      );
      const token = Buffer.from(encoded, 'base64').toString();
      const traces = [token, encoded].map((text) => text.slice(0, 400));
      const journal = readFileSync(join(repositoryFolder, '.provision/runs', idOf(first), 'journal.ndjson'), 'utf8');
      expect(commandLines.some((line) => line.startsWith('sh -s'))).toBe(true);
      expect(first.stderr).toContain('command 2');
      for (const trace of traces)
        expect([first.stdout, first.stderr, journal, ...commandLines].filter((text) => text.includes(trace))).toEqual(
          [],
        );
      const places = ['/etc', '/var/log', '/var/lib/provision', '/run', '/tmp', '/root', '/home'];
      expect(await onEach(lab(), namesOf(lab()), searchHost(places, traces))).toEqual({
        ...Object.fromEntries(namesOf(lab()).map((name) => [name, ''])),
        ...Object.fromEntries(nodeNames(lab()).map((name) => [name, '/etc/provision/flannel/kubeconfig'])),
      });
    });

    test('is left alone by a second run', async () => {
      const running = await starts();
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      for (const node of nodeNames(lab())) expect(run.summary(node)).toMatchObject({ commands: 2, uploads: 0 });
      expect(await starts()).toEqual(running);
    });

    test('is mended where somebody edited its unit or took its device away', async () => {
      await on(
        lab(),
        'node1',
        `sed -i s/-ip-masq=true/-ip-masq=false/ /etc/systemd/system/${unit}; systemctl daemon-reload; systemctl restart ${unit}`,
      );
      await on(lab(), 'node2', `systemctl stop ${unit}; ip link del flannel.1`);
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toContain('node1: flanneld has a unit');
      expect(run.changed).toContain(`node2: ${stage}`);
      expect(proven(run)).toBe(2);
      expect(await on(lab(), 'node1', 'cat /run/flannel/subnet.env')).toContain('FLANNEL_IPMASQ=true');
    });

    test('whose program is another version than the inventory says is not put in place', async () => {
      const running = await starts();
      const run = await runUp(
        derive('version', ({ vars }) =>
          Object.assign(vars['artifacts']?.['flanneld'] as object, { version: '0.28.6' }),
        ),
      );
      expect(new Set(run.codes)).toEqual(new Set(['VERSION_DIFFERS']));
      expect(await starts()).toEqual(running);
    });

    test('goes with all it left, and nothing else does, when the run is taken back', async () => {
      const run = await runUndo(idOf(first), '--force');
      expect(run.code, told(run)).toBe(0);
      await allNotReady(lab(), nodeNames(lab()));
      expect(await onEach(lab(), namesOf(lab()), snapshot)).toEqual(before);
    });
  },
  { agent: 'flannel', backend: 'vxlan' },
);
