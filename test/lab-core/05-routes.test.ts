import { beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { eventually, on, onEach, routesOf } from '../lab/read-hosts.ts';
import { namesOf, settle } from '../lab/settle.ts';

const seconds = 16;
/** Tables, chains and where they are jumped to from. */
const chains = [
  ['nat', 'PROVISION-POSTRTG', 'POSTROUTING'],
  ['filter', 'PROVISION-FWD', 'FORWARD'],
] as const;

describeLab('routes and rules without a run', (lab) => {
  let routes: Record<string, string[]> = {};

  beforeAll(async () => {
    await settle(lab);
    for (const host of namesOf(lab)) routes = { ...routes, [host]: await routesOf(lab, host) };
  });

  test('each route that somebody deletes is back by itself', async () => {
    expect(Object.values(routes).flat()).toHaveLength(6);
    await onEach(lab, namesOf(lab), 'ip -4 route flush proto 157');
    for (const host of namesOf(lab)) expect(await routesOf(lab, host)).not.toEqual(routes[host]);
    await eventually('all routes are back', seconds, async () => {
      const now = await Promise.all(namesOf(lab).map(async (host) => [host, await routesOf(lab, host)] as const));
      return JSON.stringify(Object.fromEntries(now)) === JSON.stringify(routes) || JSON.stringify(now);
    });
  });

  test.each(chains)('rules of %s %s that somebody flushes are back by themselves', async (table, chain, from) => {
    const read = `iptables -w -t ${table} -S ${chain}; iptables -w -t ${table} -S ${from} | grep -c -- '-j ${chain}'`;
    const before = await on(lab, 'node1', read);
    expect(before).toMatch(/\n1$/);
    await on(lab, 'node1', `iptables -w -t ${table} -F ${chain}; iptables -w -t ${table} -D ${from} -j ${chain}`);
    await eventually(`${chain} is back`, seconds, async () => {
      const { stdout } = await lab.exec('node1', read);
      return stdout.trim() === before || stdout;
    });
  });

  test('subnet.env comes back too', async () => {
    const before = await on(lab, 'node2', 'cat /run/flannel/subnet.env');
    await on(lab, 'node2', 'rm /run/flannel/subnet.env');
    await eventually('subnet.env is back', seconds, async () => {
      const { stdout } = await lab.exec('node2', 'cat /run/flannel/subnet.env');
      return stdout.trim() === before || stdout;
    });
  });

  test('routes of others stay, a stale one of ours goes', async () => {
    const gateway = lab.host('node2').address;
    const others = ['10.5.200.0/24 proto static', '10.5.201.0/24 proto 158', '192.0.2.0/24 proto boot'];
    for (const route of others) {
      const [network = '', ...rest] = route.split(' ');
      await on(lab, 'node1', `ip -4 route add ${network} via ${gateway} ${rest.join(' ')}`);
    }
    await on(lab, 'node1', `ip -4 route add 10.5.202.0/24 via ${gateway} proto 157`);
    try {
      await eventually('the stale route of ours is gone', seconds, async () => {
        return !(await routesOf(lab, 'node1')).some((route) => route.startsWith('10.5.202.0/24'));
      });
      await settle(lab);
      const now = await on(lab, 'node1', 'ip -4 route show');
      for (const route of others) expect(now).toContain(route.split(' ')[0]);
      expect(await routesOf(lab, 'node1')).toEqual(routes['node1']);
    } finally {
      for (const route of others) await on(lab, 'node1', `ip -4 route del ${route.split(' ')[0]}`);
    }
  });
});
