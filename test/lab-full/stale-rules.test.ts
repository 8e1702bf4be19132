import { beforeAll, expect, test } from 'vitest';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { execute } from '../../src/lab/execute.ts';
import { buildFlanneld } from '../../src/lab/flanneld-build.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, eventually, kubectl, on } from '../lab/read-hosts.ts';
import { runPlan } from '../lab/run-plan.ts';
import { idOf, type Run, runUndo, runUp } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';

const range = '10.244.0.0/16';
const wrongNode = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'old' }, spec: { podCIDR: '10.244.1.0/24' } };

/** flanneld of a cluster with another range: real, with rules for that range, whose Node is gone by now. */
async function startFlanneld(lab: Lab): Promise<void> {
  const program = await buildFlanneld(labCacheFolder(), '0.28.7', () => {});
  const send = 'program=$1; shift; exec ssh "$@" "cat >/var/tmp/flanneld; chmod 755 /var/tmp/flanneld" <"$program"';
  await execute('sh', ['-c', send, 'sh', program, ...lab.sshArguments('node1')]);
  await on(lab, 'node1', `cat >/var/tmp/kubeconfig <<'END'\n${await kubectl(lab, 'config', 'view', '--raw')}\nEND`);
  await lab.kubectl(['create', '-f', '-'], JSON.stringify(wrongNode));
  await on(
    lab,
    'node1',
    `mkdir -p /srv/flannel; echo '{"Network":"${range}","Backend":{"Type":"host-gw"}}' >/srv/flannel/net-conf.json
systemd-run --quiet --unit=flanneld -p Type=notify -E NODE_NAME=old -E PATH="$PATH" /var/tmp/flanneld -kube-subnet-mgr \\
  -kubeconfig-file=/var/tmp/kubeconfig -ip-masq -iface=eth0 -net-config-path=/srv/flannel/net-conf.json`,
  );
  await eventually('flanneld has written its rules', 30, async () =>
    (await saved(lab, 'node1')).some((line) => line.startsWith('-A FLANNEL-FWD -d')),
  );
  await kubectl(lab, 'delete', 'node', 'old');
}

/** All rules of both back ends in order, but for those of Kubernetes. */
const saved = async (lab: Lab, host: string): Promise<string[]> =>
  (await on(lab, host, 'for backend in nft legacy; do echo "$backend"; iptables-$backend-save 2>/dev/null; done'))
    .split('\n')
    .filter((line) => !/^#|KUBE-|^:[A-Z]+ [A-Z]+ /.test(line) && line !== 'COMMIT');

const isFlannels = (line: string) => /FLANNEL-|flanneld/.test(line);
const isOurs = (line: string) => /PROVISION-/.test(line);

describeOwnLab(
  'what an earlier flannel left, back ends and policies',
  2,
  (open) => {
    let lab: Lab;
    let before: string[] = [];
    let up: Run;

    beforeAll(async () => {
      lab = open();
      await startFlanneld(lab);
    });

    test('while it runs it is refused, named with its configuration and what to do', async () => {
      const rules = await saved(lab, 'node1');
      const run = await runUp(lab.inventoryPath);
      expect(run.codes, told(run)).toContain('RANGES_DISAGREE');
      expect(told(run)).toMatch(new RegExp(`node1: flanneld in flanneld.service goes by ${range}`));
      expect(told(run)).toContain('/srv/flannel/net-conf.json');
      expect(await saved(lab, 'node1')).toEqual(rules);
    });

    test('once it is stopped, its rules are in the plan by their text and go, and nothing else changes', async () => {
      await on(
        lab,
        'node1',
        `systemctl stop flanneld
iptables -t nat -I POSTROUTING -s 10.244.7.0/24 -o eth0 -m comment --comment "of somebody" -j MASQUERADE
iptables -N MINE; iptables -A FORWARD -j MINE; iptables -A MINE -s ${range} -j ACCEPT
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE`,
      );
      // as Docker does
      for (const node of nodeNames(lab)) await on(lab, node, 'iptables -P FORWARD DROP');
      before = await saved(lab, 'node1');
      expect(before.filter(isFlannels)).toHaveLength(12);

      const plan = await runPlan(lab.inventoryPath);
      const changes = plan.all.flatMap((planned) => planned.changes.map(({ action }) => action));
      for (const rule of before.filter((line) => line.startsWith('-A') && isFlannels(line)))
        expect(changes).toContainEqual(expect.stringContaining(rule.replace('-A', '-D')));

      up = await runUp(lab.inventoryPath);
      expect(up.code, told(up)).toBe(0);
      expect(up.changed).toContain('node1: No packet rules of an earlier flannel are left');
      expect(up.changed).not.toContain('node2: No packet rules of an earlier flannel are left');
      const after = await saved(lab, 'node1');
      expect(after.filter((line) => !isOurs(line))).toEqual(before.filter((line) => !isFlannels(line)));
      expect(after.filter(isOurs)).toHaveLength(8);
    });

    test('with the policy DROP pods reach each other, and a second run has nothing to do', async () => {
      const run = await runUp(lab.inventoryPath, '--verify');
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      expect(run.events.some((event) => 'detail' in event && /^2 pairs of nodes/.test(event.detail ?? ''))).toBe(true);
    });

    test('undo puts every rule back in its place', async () => {
      const run = await runUndo(idOf(up));
      expect(run.code, told(run)).toBe(0);
      expect(await saved(lab, 'node1')).toEqual(before);
    });

    test('after another iptables was chosen and a reboot our chains are where Kubernetes has its own', async () => {
      const again = await runUp(lab.inventoryPath);
      expect(again.code, told(again)).toBe(0);
      await on(lab, 'node2', 'update-alternatives --set iptables /usr/sbin/iptables-legacy');
      await lab.reboot('node2');
      await allReady(lab, nodeNames(lab));
      await eventually('kube-proxy has its rules, and we ours', 60, async () => {
        const legacy = await on(lab, 'node2', 'iptables-legacy-save; exit 0');
        return /KUBE-SERVICES/.test(legacy) && /-j PROVISION-FWD/.test(legacy);
      });
      expect(await on(lab, 'node2', 'iptables-nft-save')).not.toMatch(/PROVISION-|KUBE-/);
      await on(lab, 'node2', 'iptables-legacy -P FORWARD DROP');
      const run = await runUp(lab.inventoryPath, '--verify');
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
    });

    test('when Kubernetes takes the other one without a reboot, up moves our chains', async () => {
      await on(
        lab,
        'node2',
        `systemctl stop provision-static-routes.timer kubelet kube-proxy
iptables-legacy -P FORWARD ACCEPT
for table in nat filter mangle; do iptables-legacy -t $table -S | grep KUBE- >/dev/null || continue
  iptables-legacy-save -t $table | grep -v KUBE- | iptables-legacy-restore -T $table; done
update-alternatives --set iptables /usr/sbin/iptables-nft; systemctl start kubelet kube-proxy`,
      );
      await eventually('kube-proxy has its rules', 60, async () =>
        /KUBE-SERVICES/.test(await on(lab, 'node2', 'iptables-nft-save')),
      );
      await allReady(lab, nodeNames(lab));
      const run = await runUp(lab.inventoryPath, '--verify');
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toContain('node2: Packet rules go where Kubernetes has its own');
      expect(await on(lab, 'node2', 'iptables-nft-save')).toContain('-j PROVISION-FWD');
      expect(await on(lab, 'node2', 'iptables-legacy-save')).not.toContain('PROVISION-');
    });

    test('rules of others and of Kubernetes in the other back end are told of, and stay', async () => {
      await on(
        lab,
        'node2',
        'iptables-legacy -A FORWARD -s 192.0.2.0/24 -j ACCEPT; iptables-legacy -t mangle -N KUBE-KUBELET-CANARY',
      );
      const before = await saved(lab, 'node2');
      const run = await runUp(lab.inventoryPath);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      const warnings = run.events.flatMap((event) => (event.type === 'warning' ? event.message : []));
      expect(warnings).toContainEqual(expect.stringMatching(/^IPTABLES_MIXED: .*legacy: 1 line, nft: \d+ lines/));
      expect(warnings).toContainEqual(expect.stringMatching(/^IPTABLES_SPLIT: .*legacy \(1 in FORWARD/));
      expect(await saved(lab, 'node2')).toEqual(before);
    });
  },
  { controlPlanes: 1 },
);
