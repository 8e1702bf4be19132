import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import {
  type Cut,
  measureCut,
  type Network,
  openNetworks,
  runNetworkChange,
  titleOf,
  watchNetworkChange,
} from '../lab/network-changes.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { kubectl, on, onEach } from '../lab/read-hosts.ts';
import { runResume, undoRoll } from '../lab/run-roll.ts';
import { runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';
import { startTraffic, type Traffic } from '../lab/traffic.ts';

const scriptHostGw: Network = { agent: 'static-routes', backend: 'host-gw' };
const scriptVxlan: Network = { agent: 'static-routes', backend: 'vxlan' };
const flannelHostGw: Network = { agent: 'flannel', backend: 'host-gw' };
const flannelVxlan: Network = { agent: 'flannel', backend: 'vxlan' };
const flannelOtherPort: Network = { agent: 'flannel', backend: 'vxlan', port: 4789 };
const scriptOtherPort: Network = { agent: 'static-routes', backend: 'vxlan', port: 4789 };
const podsVxlan: Network = { agent: 'flannel-daemonset', backend: 'vxlan' };
const podsHostGw: Network = { agent: 'flannel-daemonset', backend: 'host-gw' };

/** A pod asks anew 0.2 s after each answer; what is above that is the network, or a machine that has other work. */
const undisturbed = { failed: 0, seconds: 5 };
/** A request that is not answered for five seconds has failed. */
const cutOff = { failed: 6, seconds: 12 };

/** One after another; `failed` and `seconds` are what pods may go through at the most. */
const changes: readonly { readonly to: Network; readonly failed: number; readonly seconds: number }[] = [
  { to: flannelHostGw, ...undisturbed },
  { to: flannelVxlan, ...undisturbed },
  { to: flannelHostGw, ...undisturbed },
  { to: scriptVxlan, ...cutOff },
  { to: flannelVxlan, ...undisturbed },
  { to: podsVxlan, ...undisturbed },
  { to: flannelVxlan, ...undisturbed },
  { to: flannelOtherPort, ...cutOff },
  { to: scriptOtherPort, ...cutOff },
  { to: scriptHostGw, ...cutOff },
  { to: podsVxlan, ...undisturbed },
  { to: podsHostGw, ...undisturbed },
];

/** Units, devices, chains and files of agents that a host may have, and its routes to pods. */
const agentsScript = `ls /etc/systemd/system/provision-* /etc/provision/*/* 2>/dev/null
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

describeOwnLab(
  'another agent or backend while pods ask each other',
  3,
  (lab) => {
    let inventoryOf: (network: Network) => string;
    let traffic: Traffic;
    let now = scriptHostGw;
    const measured: string[] = [];
    const note = (title: string, cut: Cut) => {
      const line = `${title}: ${cut.failed} of ${cut.asked} requests failed, ${cut.silence.toFixed(1)} s without an answer`;
      measured.push(line);
      say(line);
    };

    beforeAll(async () => {
      inventoryOf = await openNetworks(lab());
      const run = await runUp(inventoryOf(now));
      expect(run.code, told(run)).toBe(0);
      const [one = '', two = '', ...others] = nodeNames(lab());
      traffic = await startTraffic(lab(), [one, two, ...others]);
    });
    afterAll(() => say(measured.join('\n')));

    test('while nothing changes', async () => {
      const since = traffic.now();
      await setTimeout(30_000);
      const cut = measureCut(traffic, since);
      note('nothing changed', cut);
      expect(cut).toMatchObject({ failed: 0, foreign: 0, started: 0 });
    });

    test('up refuses it and names the command; without an answer nothing is changed', async () => {
      const inventory = inventoryOf(flannelHostGw);
      const refused = await runUp(inventory);
      expect(refused.codes).toEqual(['AGENT_CHANGES']);
      expect(refused.failures[0]?.error.fix).toContain('./provision network change INVENTORY');
      const before = await onEach(lab(), namesOf(lab()), agentsScript);
      const asked = await runNetworkChange(lab(), inventory);
      expect(asked.codes).toEqual(['NOT_CONFIRMED']);
      expect(asked.events.find((event) => event.type === 'network-change')).toMatchObject({
        from: [{ what: 'static-routes (host-gw)', hosts: namesOf(lab()) }],
        to: 'flannel (host-gw)',
        sideBySide: true,
      });
      expect(asked.events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])).join()).toContain(
        'cp1: no Node, so no flannel',
      );
      const planned = await runNetworkChange(lab(), inventory, '--plan');
      expect(planned.code, told(planned)).toBe(2);
      expect(await onEach(lab(), namesOf(lab()), agentsScript)).toEqual(before);
    });

    test('a host that is away is named, and no other one is touched', async () => {
      const [node = ''] = nodeNames(lab()).toReversed();
      const others = namesOf(lab()).filter((name) => name !== node);
      const before = await onEach(lab(), others, agentsScript);
      await lab().cut(node);
      const run = await runNetworkChange(lab(), inventoryOf(flannelHostGw), '--yes');
      expect(run.codes, told(run)).toEqual(['HOST_UNREACHABLE', 'HOSTS_NOT_REACHED']);
      expect(await onEach(lab(), others, agentsScript)).toEqual(before);
      await lab().start(node);
      await traffic.flows(120);
    });

    test('a host on which the new agent does not start takes all of them back', async () => {
      const [, node = ''] = nodeNames(lab());
      const dropIn = '/etc/systemd/system/provision-flannel.service.d';
      await on(lab(), node, `mkdir ${dropIn}; printf '[Service]\\nExecStartPre=/bin/false\\n' >${dropIn}/broken.conf`);
      const before = await onEach(lab(), namesOf(lab()), agentsScript);
      const since = traffic.now();
      const run = await runNetworkChange(lab(), inventoryOf(flannelVxlan), '--yes');
      expect(run.codes, told(run)).toEqual(['AGENT_FAILED', 'ROLL_STOPPED']);
      for (const one of nodeNames(lab())) expect(run.failures.at(-1)?.error.why).toContain(one);
      expect(run.failures.at(-1)?.error.why).not.toContain('could not be taken back');
      await traffic.flows(30);
      note('static-routes host-gw → flannel vxlan, taken back', measureCut(traffic, since));
      expect(await onEach(lab(), namesOf(lab()), agentsScript)).toEqual(before);
      await on(lab(), node, `rm -r ${dropIn}; systemctl daemon-reload`);
      const up = await runUp(inventoryOf(scriptHostGw));
      expect(up.code, told(up)).toBe(0);
      expect(up.changed).toEqual([]);
    });

    for (const [index, { to, failed, seconds }] of changes.entries()) {
      const title = `${titleOf(changes[index - 1]?.to ?? scriptHostGw)} → ${titleOf(to)}`;
      test(title, async () => {
        const inventory = inventoryOf(to);
        const pods = await podsOf(lab());
        const since = traffic.now();
        const run = await runNetworkChange(lab(), inventory, '--yes');
        expect(run.code, told(run)).toBe(0);
        now = to;
        await traffic.flows(30);
        const cut = measureCut(traffic, since);
        note(title, cut);
        expect(await podsOf(lab()), 'pods keep their addresses and are not restarted').toBe(pods);
        const again = await runNetworkChange(lab(), inventory, '--yes');
        expect(again.code, told(again)).toBe(0);
        expect(again.changed).toEqual([]);
        const up = await runUp(inventory);
        expect(up.code, told(up)).toBe(0);
        expect(up.changed).toEqual([]);
        for (const host of namesOf(lab())) expect(up.summary(host)).toMatchObject({ commands: 2, changed: 0 });
        const seen = Object.values(await onEach(lab(), nodeNames(lab()), agentsScript)).join('\n');
        for (const left of to.agent === 'static-routes' ? ['flannel', 'FLANNEL'] : ['static-routes', 'PROVISION'])
          expect(seen).not.toContain(left);
        if (to.backend === 'host-gw') expect(seen).not.toMatch(/prov-vxlan|flannel\.1/);
        expect(cut).toMatchObject({ foreign: 0, started: 0 });
        expect(cut.failed).toBeLessThanOrEqual(failed);
        expect(cut.silence).toBeLessThan(seconds);
      });
    }

    test('killed in the middle: resume ends it, and undo of both runs leads back', async () => {
      const before = await onEach(lab(), namesOf(lab()), agentsScript);
      const inventory = inventoryOf(scriptHostGw);
      const since = traffic.now();
      const killed = await watchNetworkChange(lab(), inventory, (event, child) => {
        if (event.type === 'task-started' && event.task === 'The agent has a unit') child.kill('SIGKILL');
      });
      expect(killed.code).toBeNull();
      const resumed = await runResume(lab());
      expect(resumed.code, told(resumed)).toBe(0);
      await traffic.flows(30);
      note(`${titleOf(now)} → ${titleOf(scriptHostGw)}, killed and resumed`, measureCut(traffic, since));
      const up = await runUp(inventory);
      expect(up.code, told(up)).toBe(0);
      expect(up.changed).toEqual([]);
      const undoneAt = traffic.now();
      for (const run of [resumed, killed]) {
        const undone = await undoRoll(lab(), run);
        expect(undone.code, told(undone)).toBe(0);
      }
      await traffic.flows(60);
      note('both taken back', measureCut(traffic, undoneAt));
      expect(await onEach(lab(), namesOf(lab()), agentsScript)).toEqual(before);
      const back = await runUp(inventoryOf(now));
      expect(back.code, told(back)).toBe(0);
      expect(back.changed).toEqual([]);
    });
  },
  { agent: 'flannel-daemonset', backend: 'vxlan', controlPlanes: 1 },
);
