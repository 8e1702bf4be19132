import { createInterface } from 'node:readline';
import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { on, onEach, podCidrs } from '../lab/read-hosts.ts';
import { type Outcome, type Run, runUp, startCommand } from '../lab/run-up.ts';
import { allNotReady, forget, namesOf, nodeNames, settle, told } from '../lab/settle.ts';

/** What a run puts on hosts, whatever its time and number; leftovers of unfinished writes would show. */
const made = `cd / && find etc/provision etc/cni etc/systemd/system etc/sysctl.d etc/modules-load.d etc/containerd opt/cni usr/local/lib/provision var/lib/provision/cache -printf '%p %M %u %g %l\\n' 2>/dev/null | sort
find etc/provision etc/cni etc/systemd/system etc/sysctl.d etc/containerd opt/cni usr/local/lib/provision -type f -exec sha256sum {} + 2>/dev/null | sort -k 2
ip -4 route show proto 157; iptables -w -S PROVISION-FWD; iptables -w -t nat -S PROVISION-POSTRTG; cat /run/flannel/subnet.env 2>/dev/null
systemctl is-active provision-static-routes.timer; exit 0`;

const stateOf = async (lab: Lab) =>
  Object.fromEntries(await Promise.all(namesOf(lab).map(async (host) => [host, await on(lab, host, made)] as const)));

/** Starts a run and kills it some time within two seconds after it has begun its n-th stage. */
async function killedRun(lab: Lab, stage: number): Promise<Outcome> {
  const { child, outcome } = startCommand(['up', lab.inventoryPath, '--output', 'json']);
  let begun = 0;
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    if (!line.includes('"type":"stage-started"')) return;
    begun += 1;
    if (begun === stage) setTimeout(() => child.kill('SIGKILL'), 2000 * Math.random());
  });
  return outcome;
}

/** What hosts had been told they do to its end, holding their lock: a run that comes too early says so. */
async function runOnceFree(lab: Lab): Promise<Run> {
  for (const end = Date.now() + 60_000; ; ) {
    const run = await runUp(lab.inventoryPath);
    if (Date.now() > end || run.codes.length === 0 || run.codes.some((code) => code !== 'HOST_LOCKED')) return run;
  }
}

describeLab('a first run that is killed', (lab) => {
  let whole: Record<string, string> = {};

  beforeAll(async () => {
    await settle(lab);
    // what tests before left there on purpose
    await onEach(
      lab,
      namesOf(lab),
      'rm -f /opt/cni/bin/calico; rmdir /etc/systemd/system/*.service.d 2>/dev/null; exit 0',
    );
    whole = await stateOf(lab);
  });

  test.each([1, 3, 4])('in its stage %d: the next run ends in the same state', async (stage) => {
    const cidrs = await podCidrs(lab);
    await forget(lab);
    await allNotReady(lab, nodeNames(lab));
    expect(await stateOf(lab)).not.toEqual(whole);
    expect((await killedRun(lab, stage)).code).toBeNull();

    const run = await runOnceFree(lab);
    expect(run.code, told(run)).toBe(0);
    expect(await podCidrs(lab)).toEqual(cidrs);
    expect(await stateOf(lab)).toEqual(whole);
  });
});
