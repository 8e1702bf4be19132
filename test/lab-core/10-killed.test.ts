import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { on, podCidrs } from '../lab/read-hosts.ts';
import { runUp, startCommand } from '../lab/run-up.ts';
import { allNotReady, forget, namesOf, nodeNames, settle, told } from '../lab/settle.ts';

/** What a run puts on hosts, whatever its time and number; leftovers of unfinished writes would show. */
const made = `cd / && find etc/provision etc/cni etc/systemd/system etc/sysctl.d etc/modules-load.d etc/containerd opt/cni usr/local/lib/provision var/lib/provision/cache -printf '%p %M %u %g %l\\n' 2>/dev/null | sort
find etc/provision etc/cni etc/systemd/system etc/sysctl.d etc/containerd opt/cni usr/local/lib/provision -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
ip -4 route show proto 157; iptables -w -S PROVISION-FWD; iptables -w -t nat -S PROVISION-POSTRTG; cat /run/flannel/subnet.env 2>/dev/null
systemctl is-active provision-static-routes.timer; exit 0`;

const stateOf = async (lab: Lab) =>
  Object.fromEntries(await Promise.all(namesOf(lab).map(async (host) => [host, await on(lab, host, made)] as const)));

describeLab('a first run that is killed', (lab) => {
  let whole: { state: Record<string, string>; seconds: number } | undefined;

  /** The state that a run from nothing ends in when nobody disturbs it, and how long it takes. */
  async function undisturbed() {
    if (whole) return whole;
    await settle(lab);
    await forget(lab);
    await allNotReady(lab, nodeNames(lab));
    const run = await runUp(lab.inventoryPath);
    expect(run.code, told(run)).toBe(0);
    const finished = run.events.at(-1);
    whole = { state: await stateOf(lab), seconds: finished?.type === 'run-finished' ? finished.seconds : 60 };
    return whole;
  }

  test.each([0.15, 0.4, 0.75])('near %d of its time: the next run ends in the same state', async (part) => {
    const { state, seconds } = await undisturbed();
    const cidrs = await podCidrs(lab);
    await forget(lab);
    await allNotReady(lab, nodeNames(lab));
    const { child, outcome } = startCommand(['up', lab.inventoryPath, '--output', 'json']);
    await sleep(1000 * seconds * (part + 0.2 * (Math.random() - 0.5)));
    child.kill('SIGKILL');
    expect((await outcome).code).toBeNull();

    const run = await runUp(lab.inventoryPath);
    expect(run.code, told(run)).toBe(0);
    expect(await podCidrs(lab)).toEqual(cidrs);
    expect(await stateOf(lab)).toEqual(state);
    const silent = await runUp(lab.inventoryPath);
    expect(silent.changed).toEqual([]);
  });
});
