import { beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { allReady, eventually, onEach } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, settle, told } from '../lab/settle.ts';

const network = `ip -4 route show proto 157; iptables -w -S PROVISION-FWD; iptables -w -t nat -S PROVISION-POSTRTG
cat /run/flannel/subnet.env 2>/dev/null; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null; exit 0`;

describeLab('every host reboots and nobody runs anything', (lab) => {
  let before: Record<string, string> = {};

  beforeAll(async () => {
    await settle(lab);
    before = await onEach(lab, namesOf(lab), network);
    await Promise.all(namesOf(lab).map((host) => lab.reboot(host)));
  });

  test('routes, rules, subnet.env and sysctls are there again', async () => {
    for (const node of nodeNames(lab)) expect(before[node]).toMatch(/proto|via/);
    await eventually('the network is there again', 60, async () => {
      const now = await onEach(lab, namesOf(lab), network);
      return JSON.stringify(now) === JSON.stringify(before) || JSON.stringify(now, null, 1);
    });
  });

  test('nodes are Ready again', () => allReady(lab, nodeNames(lab), 180));

  test('a run has nothing to change, and --verify proves that pods reach each other', async () => {
    // they start over until the API server of their first moments answers
    await eventually('both controller-managers run', 120, async () => {
      const states = await onEach(lab, ['cp1', 'cp2'], 'systemctl is-active kube-controller-manager; exit 0');
      return Object.values(states).every((state) => state === 'active') || JSON.stringify(states);
    });
    const run = await runUp(lab.inventoryPath, '--verify');
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual([]);
    const details = run.events.flatMap((event) => (event.type === 'task-finished' ? [event.detail ?? ''] : []));
    expect(details.filter((detail) => /^2 pairs of nodes/.test(detail))).toHaveLength(2);
  });
});
