import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { digestsIn, digestsScript, pluginDigests } from './carrier.ts';
import { type Cut, measureCut, type Network, openNetworks, runNetworkChange, titleOf } from './network-changes.ts';
import { kubectl, on, onEach } from './read-hosts.ts';
import { undoRoll } from './run-roll.ts';
import { type Run, runUp } from './run-up.ts';
import { namesOf, nodeNames, told } from './settle.ts';
import { say } from './shared-lab.ts';
import { startTraffic, type Traffic } from './traffic.ts';

/** A pod asks anew 0.2 s after each answer; what is above that is the network, or a machine that has other work. */
export const undisturbed = { failed: 0, seconds: 5 };
/** A request that is not answered for five seconds has failed. */
export const cutOff = { failed: 6, seconds: 12 };

/** `failed` and `seconds` are what pods may go through at the most. */
export interface NetworkStep {
  readonly to: Network;
  readonly failed: number;
  readonly seconds: number;
}

/** A cluster whose nodes have pods that ask each other in a ring. */
export interface ChangeGround {
  readonly lab: Lab;
  inventoryOf(network: Network): string;
  readonly traffic: Traffic;
  /** Says what pods went through since then, once more when all tests are through. */
  note(title: string, since: number): Cut;
}

/** Brings the lab up with that network and starts the pods; the ground is there in tests. */
export function prepareChanges(lab: () => Lab, first: Network): () => ChangeGround {
  let ground: ChangeGround | undefined;
  const measured: string[] = [];
  beforeAll(async () => {
    const inventoryOf = await openNetworks(lab());
    const run = await runUp(inventoryOf(first));
    expect(run.code, told(run)).toBe(0);
    const [one = '', two = '', ...others] = nodeNames(lab());
    const traffic = await startTraffic(lab(), [one, two, ...others]);
    const note = (title: string, since: number): Cut => {
      const cut = measureCut(traffic, since);
      const line = `${title}: ${cut.failed} of ${cut.asked} requests failed, ${cut.silence.toFixed(1)} s without an answer`;
      measured.push(line);
      say(line);
      return cut;
    };
    ground = { lab: lab(), inventoryOf, traffic, note };
  });
  afterAll(() => say(measured.join('\n')));
  return () => {
    if (ground === undefined) throw new Error('the ground is there in tests only');
    return ground;
  };
}

/** Units, devices, chains and files of agents that a host may have, and its routes to pods. */
export const agentsScript = `ls /etc/systemd/system/provision-* /etc/provision/*/* 2>/dev/null
ip -o link show type vxlan | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'
iptables-save | grep -o '^:\\(PROVISION\\|FLANNEL\\)-[A-Z]*'
ip -4 route | grep ' via 10'; exit 0`;

/** Addresses of all pods, and how often their containers were started again. */
const podsOf = (lab: Lab) =>
  kubectl(
    lab,
    'get',
    'pods',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.status.containerStatuses[0].restartCount};{end}',
  );

/** A test for each change, one after another: pods stay and reach each other, nothing is left of before, and nothing is due afterwards. */
export function testChanges(
  ground: () => ChangeGround,
  first: Network,
  steps: readonly NetworkStep[],
  onRun: (run: Run) => void = () => {},
): void {
  for (const [index, step] of steps.entries()) {
    const title = `${titleOf(steps[index - 1]?.to ?? first)} → ${titleOf(step.to)}`;
    test(title, async () => onRun(await change(ground(), title, step)));
  }
}

async function change(ground: ChangeGround, title: string, { to, failed, seconds }: NetworkStep): Promise<Run> {
  const { lab, traffic } = ground;
  const inventory = ground.inventoryOf(to);
  const pods = await podsOf(lab);
  const since = traffic.now();
  const run = await runNetworkChange(lab, inventory, '--yes');
  expect(run.code, told(run)).toBe(0);
  await traffic.flows(30);
  const cut = ground.note(title, since);
  expect(await podsOf(lab), 'pods keep their addresses and are not restarted').toBe(pods);
  if (to.delivery === 'init-container')
    for (const node of nodeNames(lab))
      expect(digestsIn(await on(lab, node, digestsScript))).toMatchObject(pluginDigests(lab, inventory));
  const again = await runNetworkChange(lab, inventory, '--yes');
  expect(again.code, told(again)).toBe(0);
  expect(again.changed).toEqual([]);
  await expectSettled(lab, inventory);
  const seen = Object.values(await onEach(lab, nodeNames(lab), agentsScript)).join('\n');
  for (const left of to.agent === 'static-routes' ? ['flannel', 'FLANNEL'] : ['static-routes', 'PROVISION'])
    expect(seen).not.toContain(left);
  if (to.backend === 'host-gw') expect(seen).not.toMatch(/prov-vxlan|flannel\.1/);
  expect(cut).toMatchObject({ foreign: 0, started: 0 });
  expect(cut.failed).toBeLessThanOrEqual(failed);
  expect(cut.silence).toBeLessThan(seconds);
  return run;
}

/** `up` finds nothing to change. */
export async function expectNothingDue(inventory: string): Promise<Run> {
  const up = await runUp(inventory);
  expect(up.code, told(up)).toBe(0);
  expect(up.changed).toEqual([]);
  return up;
}

/** Nor anything to prove: two commands per host. */
export async function expectSettled(lab: Lab, inventory: string): Promise<void> {
  const up = await expectNothingDue(inventory);
  for (const host of namesOf(lab)) expect(up.summary(host)).toMatchObject({ commands: 2, uploads: 0 });
}

/** A test that takes the last change back: hosts are as before it, and `up` with the inventory of before has nothing to do. */
export function testUndo(ground: () => ChangeGround, last: () => Run, before: Network): void {
  test(`undo leads back to ${titleOf(before)}`, async () => {
    const { lab, traffic, note, inventoryOf } = ground();
    const pods = await podsOf(lab);
    const since = traffic.now();
    const undone = await undoRoll(lab, last());
    expect(undone.code, told(undone)).toBe(0);
    await traffic.flows(60);
    note(`${titleOf(before)}, given back by undo`, since);
    expect(await podsOf(lab)).toBe(pods);
    // it puts a DaemonSet back and does not wait for its pods
    if (before.agent === 'flannel-daemonset')
      await kubectl(lab, '-n', 'kube-flannel', 'rollout', 'status', 'daemonset/provision-flannel', '--timeout=180s');
    // what undo has put back is proven by the next run
    await expectNothingDue(inventoryOf(before));
    await expectSettled(lab, inventoryOf(before));
  });
}
