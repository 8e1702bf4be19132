import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { randomMoments, seed } from './random-moments.ts';
import { allReady, kubectl, on } from './read-hosts.ts';
import { expectCapacity, kubeletCommands, lastingState, type RollTest } from './roll-ground.ts';
import {
  hasBegun,
  hasCordoned,
  isChanging,
  nodeBatches,
  rollInventory,
  rollMs,
  runResume,
  runRoll,
  watchRoll,
  watchRun,
} from './run-roll.ts';
import { runCommand, type ToldEvent } from './run-up.ts';
import { nodeNames, told } from './settle.ts';
import { say } from './shared-lab.ts';

/** To processes outside it looks like one of another machine: nobody can tell whether it has ended. */
const elsewhere = ['unshare', '--pid', '--fork', '--kill-child'];

/** A roll whose control machine, hosts or API go away, and what brings it to its end. */
export function testRollsCutOff(rollTest: RollTest): void {
  rollTest('the control machine is lost after a cordon: another one lifts it', async ({ lab, clients }) => {
    const before = await kubeletCommands(lab);
    const folder = mkdtempSync(join(tmpdir(), 'provision-lost-'));
    // its pod takes some seconds to leave, in which the end comes
    const [node = ''] = await clients.servers();
    const inventory = rollInventory(lab, 'lost', { 'max-pods': 82 }, { roll: { canary: [node] } });
    const lost = await watchRun(['roll', inventory, '--yes'], { folder, through: elsewhere }, (event, child) => {
      if (hasCordoned(event)) child.kill('SIGKILL');
    });
    rmSync(folder, { recursive: true });
    expect(lost.code).toBeNull();
    const isCordoned = () => kubectl(lab, 'get', 'node', node, '-o', 'jsonpath={.spec.unschedulable}');
    expect(await isCordoned()).toBe('true');

    const held = await runCommand(['unlock', lab.inventoryPath]);
    expect(held.stderr).toMatch(/^✖ CLUSTER_LOCKED/m);
    const unlocked = await runCommand(['unlock', lab.inventoryPath, '--force']);
    expect(unlocked.code, unlocked.stderr).toBe(0);
    expect(unlocked.stdout).toContain(`Node ${node}: takes pods again`);
    expect(await isCordoned()).toBe('');
    expect(await kubeletCommands(lab)).toEqual(before);
  });

  rollTest(
    'a node loses its power: its batch is taken back; resume ends the roll though the API server is restarted meanwhile',
    async ({ lab }) => {
      const before = await kubeletCommands(lab);
      let cut: Promise<void> | undefined;
      const inventory = rollInventory(lab, 'power', { 'max-pods': 83 }, { roll: { batches: [2] } });
      const stopped = await watchRoll(inventory, (event) => {
        if (isChanging(event) && 'host' in event && event.host === 'node2') cut ??= lab.cut('node2');
      });
      await cut;
      expect(stopped.codes.at(-1), told(stopped)).toBe('ROLL_STOPPED');
      expect(nodeBatches(stopped)).toEqual([['node1', 'node2']]);
      expect(stopped.failures.at(-1)?.error.why).toMatch(/^node1: as before/m);
      expect(stopped.failures.at(-1)?.error.why).toMatch(/^node2: could not be taken back/m);
      await lab.start('node2');
      await allReady(lab, nodeNames(lab), 300);
      const after = await kubeletCommands(lab);
      for (const node of ['node1', 'node3', 'node4']) expect(after[node]).toBe(before[node]);

      let restarted: Promise<string> | undefined;
      const run = await watchRun(['resume'], { folder: lab.folder }, (event) => {
        if (isChanging(event)) restarted ??= on(lab, 'cp1', 'systemctl restart kube-apiserver');
      });
      await restarted;
      expect(run.code, told(run)).toBe(0);
      await expectCapacity(lab, { node1: '83', node2: '83', node3: '83', node4: '83' });
    },
    ['node2'],
  );
}

const kills = 10;

/** An undisturbed roll. */
interface Whole {
  readonly inventory: string;
  readonly ms: number;
  readonly state: Awaited<ReturnType<typeof lastingState>>;
}

function noWhole(): never {
  throw new Error('there was no undisturbed roll');
}

/** Rolls killed at ten moments, spread over a whole one. */
export function testKilledRolls(rollTest: RollTest): void {
  const moments = randomMoments(kills);

  rollTest(
    `killed at ${moments.length} of ${kills} moments: resume ends where an undisturbed roll does (seed ${seed})`,
    async (ground) => {
      const { lab, expectWell } = ground;
      const options = ['--limit', 'node1,node2'];
      const inventories = [84, 85].map((pods) =>
        rollInventory(lab, `killed-${pods}`, { 'max-pods': pods }, { roll: { batches: [2] } }),
      );
      const stateNow = () => lastingState(lab, ['node1', 'node2']);
      const wholes: Whole[] = [];
      for (const inventory of inventories) {
        const run = await runRoll(inventory, ...options);
        expect(run.code, told(run)).toBe(0);
        wholes.push({ inventory, ms: rollMs(run), state: await stateNow() });
      }

      let turn = 0;
      /** False for a roll that was faster than the undisturbed one. */
      const killOnce = async (moment: number): Promise<boolean> => {
        const { inventory, ms, state } = wholes[turn++ % 2] ?? noWhole();
        let last = '';
        const onEvent = (event: ToldEvent, child: ChildProcess) => {
          last = [event.type, 'task' in event ? event.task : ''].join(' ');
          if (hasBegun(event)) setTimeout(() => child.kill('SIGKILL'), moment * ms);
        };
        const killed = await watchRoll(inventory, onEvent, options);
        if (killed.code !== null) return false;
        const what = `killed after ${((moment * ms) / 1000).toFixed(1)} of ${(ms / 1000).toFixed(1)} s (${last})`;
        const run = await runResume(lab);
        say(`${what}; the next changed: ${run.changed.join(', ')}`);
        expect(run.code, `${what}\n${told(run)}`).toBe(0);
        await expectWell();
        expect(await stateNow(), what).toEqual(state);
        return true;
      };
      for (const moment of moments) for (let at = moment; !(await killOnce(at)); ) at *= 0.8;
    },
  );
}
