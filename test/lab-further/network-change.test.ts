import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  agentsScript,
  cutOff,
  expectNothingDue,
  type NetworkStep,
  prepareChanges,
  testChanges,
  undisturbed,
} from '../lab/network-change-ground.ts';
import { type Network, runNetworkChange, titleOf, watchNetworkChange } from '../lab/network-changes.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on, onEach } from '../lab/read-hosts.ts';
import { runResume, undoRoll } from '../lab/run-roll.ts';
import { runUp, warningsOf } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';

const scriptHostGw: Network = { agent: 'static-routes', backend: 'host-gw' };
const scriptVxlan: Network = { agent: 'static-routes', backend: 'vxlan' };
const flannelHostGw: Network = { agent: 'flannel', backend: 'host-gw' };
const flannelVxlan: Network = { agent: 'flannel', backend: 'vxlan' };
const flannelOtherPort: Network = { agent: 'flannel', backend: 'vxlan', port: 4789 };
const scriptOtherPort: Network = { agent: 'static-routes', backend: 'vxlan', port: 4789 };
const podsVxlan: Network = { agent: 'flannel-daemonset', backend: 'vxlan' };
const podsHostGw: Network = { agent: 'flannel-daemonset', backend: 'host-gw' };

/** One after another. */
const changes: readonly NetworkStep[] = [
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

describeOwnLab(
  'another agent or backend while pods ask each other',
  3,
  (lab) => {
    const ground = prepareChanges(lab, scriptHostGw);

    test('while nothing changes', async () => {
      const { traffic, note } = ground();
      const since = traffic.now();
      await setTimeout(30_000);
      expect(note('nothing changed', since)).toMatchObject({ failed: 0, foreign: 0, started: 0 });
    });

    test('up refuses it and names the command; without an answer nothing is changed', async () => {
      const { inventoryOf } = ground();
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
      expect(warningsOf(asked).join()).toContain('cp1: no Node, so no flannel');
      const planned = await runNetworkChange(lab(), inventory, '--plan');
      expect(planned.code, told(planned)).toBe(2);
      expect(await onEach(lab(), namesOf(lab()), agentsScript)).toEqual(before);
    });

    test('a host that is away is named, and no other one is touched', async () => {
      const { traffic, inventoryOf } = ground();
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
      const { traffic, inventoryOf, note } = ground();
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
      note('static-routes host-gw → flannel vxlan, taken back', since);
      expect(await onEach(lab(), namesOf(lab()), agentsScript)).toEqual(before);
      await on(lab(), node, `rm -r ${dropIn}; systemctl daemon-reload`);
      await expectNothingDue(inventoryOf(scriptHostGw));
    });

    testChanges(ground, scriptHostGw, changes);

    test('killed in the middle: resume ends it, and undo of both runs leads back', async () => {
      const { traffic, inventoryOf, note } = ground();
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
      note(`${titleOf(podsHostGw)} → ${titleOf(scriptHostGw)}, killed and resumed`, since);
      await expectNothingDue(inventory);
      const undoneAt = traffic.now();
      for (const run of [resumed, killed]) {
        const undone = await undoRoll(lab(), run);
        expect(undone.code, told(undone)).toBe(0);
      }
      await traffic.flows(60);
      note('both taken back', undoneAt);
      expect(await onEach(lab(), namesOf(lab()), agentsScript)).toEqual(before);
      await expectNothingDue(inventoryOf(podsHostGw));
    });
  },
  { agent: 'flannel-daemonset', backend: 'vxlan', controlPlanes: 1 },
);
