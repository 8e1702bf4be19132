import type { ChildProcess } from 'node:child_process';
import { expect } from 'vitest';
import { expectCapacity, kubeletCommands, type RollTest } from './roll-ground.ts';
import { hasCordoned, nodeBatches, rollInventory, runResume, runRoll, undoRoll, watchRoll } from './run-roll.ts';
import { idOf, type Run, type ToldEvent } from './run-up.ts';
import { namesOf, nodeNames, told } from './settle.ts';

let original: Record<string, string> = {};
let first: Run | undefined;

/** A roll without a fault, and one with nothing to do. */
export function testRollsThatWork(rollTest: RollTest): void {
  rollTest(
    'max-pods is rolled out in batches as asked, and meanwhile a second roll is turned away',
    async ({ lab }) => {
      original = await kubeletCommands(lab);
      const inventory = rollInventory(lab, 'max-pods', { 'max-pods': 77 });
      let second: Promise<Run> | undefined;
      const run = await watchRoll(inventory, (event) => {
        if (hasCordoned(event)) second ??= runRoll(inventory);
      });
      first = run;
      expect(run.code, told(run)).toBe(0);
      expect(nodeBatches(run)).toEqual([['node1'], ['node2', 'node3'], ['node4']]);
      const commands = await kubeletCommands(lab);
      for (const node of nodeNames(lab)) expect(commands[node]).toBe(`${original[node]} --max-pods=77`);
      await expectCapacity(lab, { node1: '77', node2: '77', node3: '77', node4: '77' });

      const refused = await second;
      expect(refused?.codes, refused?.stdout).toEqual(['CLUSTER_LOCKED']);
      expect(refused?.code).toBe(5);
      expect(JSON.stringify(refused?.failures[0]?.error)).toContain(idOf(run));
    },
  );

  rollTest('a second roll is silent: nothing is due, two commands per host', async ({ lab }) => {
    const run = await runRoll(rollInventory(lab, 'max-pods', { 'max-pods': 77 }));
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual([]);
    const plan = run.events.findLast((event) => event.type === 'plan-finished');
    expect(plan).toMatchObject({ status: 'ok' });
    expect(plan?.hosts.map(({ host, commands }) => [host, commands])).toEqual(namesOf(lab).map((host) => [host, 2]));
  });
}

/** After the rolls that work. */
export function testUndoOfARoll(rollTest: RollTest): void {
  rollTest('undo of the whole roll: kubelets run as before it', async ({ lab }) => {
    if (!first) throw new Error('there was no roll');
    const run = await undoRoll(lab, first);
    expect(run.code, told(run)).toBe(0);
    expect(await kubeletCommands(lab)).toEqual(original);
    await expectCapacity(lab, { node1: '110', node2: '110', node3: '110', node4: '110' });
  });
}

/** After the rolls that work. */
export function testStoppedRoll(rollTest: RollTest): void {
  rollTest('Ctrl-C: the batch in hand is finished, and resume goes on with the next', async ({ lab }) => {
    const options = ['--limit', 'node1,node2'];
    const inventory = rollInventory(lab, 'stopped', { 'max-pods': 79 }, { roll: { batches: [1] } });
    const stop = (event: ToldEvent, child: ChildProcess) => void (hasCordoned(event) && child.kill('SIGINT'));
    const stopped = await watchRoll(inventory, stop, options);
    expect(stopped.code, told(stopped)).toBe(130);
    expect(nodeBatches(stopped)).toEqual([['node1']]);
    await expectCapacity(lab, { node1: '79', node2: '77' });

    const run = await runResume(lab);
    expect(run.code, told(run)).toBe(0);
    expect(
      nodeBatches(run)
        .flat()
        .filter((node) => node !== 'node2'),
    ).toEqual([]);
    await expectCapacity(lab, { node1: '79', node2: '79', node3: '77' });
  });
}
