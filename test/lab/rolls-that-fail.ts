import { expect } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { invocationOf, kubectl } from './read-hosts.ts';
import { kubeletCommands, lastingState, type RollTest } from './roll-ground.ts';
import { nodeBatches, rollInventory, runRoll, undoRoll } from './run-roll.ts';
import { type Run, runCommand } from './run-up.ts';
import { nodeNames, told } from './settle.ts';

const text = (run: Run): string => run.failures.map(({ error }) => JSON.stringify(error)).join('\n');

/** What was proven of a kubelet: one that systemd starts after the roll has put its files back has not been seen by it. */
const ownBooks = /^\/var\/lib\/provision\/(unproven|stamps\/kubelet)/;

/** Everything on hosts that a batch that is taken back has to find again. */
const stateOf = async (lab: Lab) => {
  const state = Object.entries(await lastingState(lab));
  return Object.fromEntries(state.map(([host, lines]) => [host, lines?.filter((line) => !ownBooks.test(line))]));
};

/** Runs, and never gets a word through to the API. */
const speechless = { 'kube-api-content-type': 'application/nonsense' };

/** Rolls that stop by themselves, and leave the cluster as it was. */
export function testRollsThatFail(rollTest: RollTest): void {
  rollTest(
    'a budget that allows nothing: refused by its name, and no kubelet is restarted',
    async ({ lab, clients }) => {
      const [canary = ''] = await clients.servers();
      const starts = () => Promise.all(nodeNames(lab).map((node) => invocationOf(lab, node, 'kubelet')));
      const before = await starts();
      try {
        await clients.demand(2);
        const roll = { canary: [canary], drain_seconds: 5 };
        const run = await runRoll(rollInventory(lab, 'blocked', { 'max-pods': 81 }, { roll }));
        expect(run.codes, told(run)).toEqual(['DRAIN_BLOCKED', 'ROLL_STOPPED']);
        expect(run.code).toBe(5);
        expect(text(run)).toContain('The disruption budget web needs 2 healthy pods');
        expect(nodeBatches(run)).toEqual([[canary]]);
        expect(await starts()).toEqual(before);
      } finally {
        await clients.demand(1);
      }
    },
  );

  rollTest(
    'a value that no kubelet starts with stops the roll at the first node, which comes back',
    async ({ lab }) => {
      const before = { state: await stateOf(lab), commands: await kubeletCommands(lab) };
      const others = nodeNames(lab).slice(1);
      const starts = () => Promise.all(others.map((node) => invocationOf(lab, node, 'kubelet')));
      const startsBefore = await starts();
      const run = await runRoll(rollInventory(lab, 'bad-flag', { 'eviction-hard': 'memory.available<nonsense' }));
      expect(run.codes.at(-1), told(run)).toBe('ROLL_STOPPED');
      expect(run.code).toBe(4);
      expect(nodeBatches(run)).toEqual([['node1']]);
      expect(text(run)).toMatch(/node1/);
      expect(text(run)).toContain('--eviction-hard=memory.available<nonsense');
      expect(text(run)).toMatch(/quantities must match/);
      expect(await kubeletCommands(lab)).toEqual(before.commands);
      expect(await starts()).toEqual(startsBefore);
      expect(await stateOf(lab)).toEqual(before.state);
    },
  );

  rollTest('a node that never turns Ready: its batch is taken back', async ({ lab }) => {
    const before = { state: await stateOf(lab), commands: await kubeletCommands(lab) };
    const run = await runRoll(rollInventory(lab, 'speechless', speechless, { readySeconds: 15 }));
    expect(run.codes, told(run)).toEqual(['NODE_NOT_READY', 'ROLL_STOPPED']);
    expect(run.code).toBe(5);
    expect(nodeBatches(run)).toEqual([['node1']]);
    expect(text(run)).toContain('--kube-api-content-type=application/nonsense');
    expect(await kubeletCommands(lab)).toEqual(before.commands);
    expect(await stateOf(lab)).toEqual(before.state);
  });
}

/** A node that failed is kept for a look at it. */
export function testKeptNode(rollTest: RollTest): void {
  rollTest(
    '--keep-failed leaves it cordoned and says so; unlock from elsewhere lifts that, undo takes the flag back',
    async ({ lab }) => {
      const before = await kubeletCommands(lab);
      const run = await runRoll(rollInventory(lab, 'kept', speechless, { readySeconds: 15 }), '--keep-failed');
      expect(run.codes.at(-1), told(run)).toBe('ROLL_STOPPED');
      expect(run.failures.at(-1)?.error.why).toMatch(/node1: .*cordoned/);
      expect(await kubectl(lab, 'get', 'node', 'node1', '-o', 'jsonpath={.spec.unschedulable}')).toBe('true');
      expect((await kubeletCommands(lab))['node1']).toContain('application/nonsense');

      const unlocked = await runCommand(['unlock', lab.inventoryPath]);
      expect(unlocked.code, unlocked.stderr).toBe(0);
      expect(unlocked.stdout).toContain('Node node1: takes pods again');
      const undone = await undoRoll(lab, run);
      expect(undone.code, told(undone)).toBe(0);
      expect(await kubeletCommands(lab)).toEqual(before);
    },
  );
}
