import { beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { eventually, on, onEach, routesOf } from '../lab/read-hosts.ts';
import { namesOf, settle } from '../lab/settle.ts';

/** The agent looks every ten seconds; a busy machine is slower. */
const seconds = 40;
/** Tables, chains and where they are jumped to from. */
const chains = [
  ['nat', 'PROVISION-POSTRTG', 'POSTROUTING'],
  ['filter', 'PROVISION-FWD', 'FORWARD'],
] as const;

describeLab('routes and rules without a run', (lab) => {
  const seeRules = chains
    .map(
      ([table, chain, from]) =>
        `iptables -w -t ${table} -S ${chain}; iptables -w -t ${table} -S ${from} | grep -- '-j ${chain}'`,
    )
    .join('; ');
  const readRoutes = async () =>
    Object.fromEntries(await Promise.all(namesOf(lab).map(async (host) => [host, await routesOf(lab, host)] as const)));
  let routes: Record<string, string[]> = {};
  let rules = '';
  let environment = '';

  // All of it is damaged at once, because the agent looks every ten seconds.
  beforeAll(async () => {
    await settle(lab);
    routes = await readRoutes();
    rules = await on(lab, 'node1', seeRules);
    environment = await on(lab, 'node2', 'cat /run/flannel/subnet.env');
    for (const [table, chain, from] of chains)
      await on(lab, 'node1', `iptables -w -t ${table} -F ${chain}; iptables -w -t ${table} -D ${from} -j ${chain}`);
    await on(lab, 'node2', 'rm /run/flannel/subnet.env');
    await onEach(lab, namesOf(lab), 'ip -4 route flush proto 157');
    expect(Object.values(await readRoutes()).flat().length).toBeLessThan(6);
  });

  test('each route that somebody deletes is back by itself', async () => {
    expect(Object.values(routes).flat()).toHaveLength(6);
    await eventually('all routes are back', seconds, async () => {
      const now = await readRoutes();
      return JSON.stringify(now) === JSON.stringify(routes) || JSON.stringify(now);
    });
  });

  test('chains that somebody flushes, and the jumps to them, are back by themselves', async () => {
    expect(rules.match(/^-A (POSTROUTING|FORWARD) .*-j PROVISION-/gm)).toHaveLength(2);
    await eventually('the chains are back', seconds, async () => {
      const { stdout } = await lab.exec('node1', seeRules);
      return stdout.trim() === rules || stdout;
    });
  });

  test('subnet.env is back by itself', async () => {
    await eventually('subnet.env is back', seconds, async () => {
      const { stdout } = await lab.exec('node2', 'cat /run/flannel/subnet.env');
      return stdout.trim() === environment || stdout;
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
