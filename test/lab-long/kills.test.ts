import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { describeOwnLabs } from '../lab/own-lab.ts';
import { randomMoments, seed } from '../lab/random-moments.ts';
import { kubectl, nodeObjects, readyCondition } from '../lab/read-hosts.ts';
import { runUp, startCommand } from '../lab/run-up.ts';
import { beginAgain, nodeNames, noPodIsLeft, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';
import { halfWritten, startsOf, wholeState } from '../lab/whole-state.ts';

const labs = 2;
const kills = 20;

/** Those of one lab; the others' are between them. */
const moments = randomMoments(kills);
const momentsOf = (index: number): readonly number[] => moments.filter((_, place) => place % labs === index);

/** Starts a run and kills it after that time; says how far it came, and nothing of one that had ended. */
async function killedRun(lab: Lab, afterMs: number): Promise<string | undefined> {
  const { child, outcome } = startCommand(['up', lab.inventoryPath, '--output', 'json']);
  let last = 'before its first event';
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    const { type, task, stage } = JSON.parse(line) as Record<string, string>;
    last = [type, task ?? stage].filter(Boolean).join(': ');
  });
  await sleep(afterMs);
  child.kill('SIGKILL');
  return (await outcome).code === null ? last : undefined;
}

const difference = (after: Record<string, number>, before: Record<string, number>) =>
  Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));

/** A first run from nothing, killed after that time if any, and the end that the next run brings about. */
async function firstRun(lab: Lab, killAfterMs?: number) {
  await beginAgain(lab);
  const startsBefore = await startsOf(lab);
  const last = killAfterMs === undefined ? 'undisturbed' : await killedRun(lab, killAfterMs);
  if (last === undefined) return undefined;
  const startedAt = performance.now();
  const run = await runUp(lab.inventoryPath);
  const ms = performance.now() - startedAt;
  expect(run.code, `${last}\n${told(run)}`).toBe(0);
  await noPodIsLeft(lab);
  const nodes = await nodeObjects(lab);
  expect(nodes.map((node) => [readyCondition(node)?.status, node.spec.unschedulable ?? false])).toEqual(
    nodeNames(lab).map(() => ['True', false]),
  );
  expect(await kubectl(lab, '-n', 'kube-system', 'get', 'lease', 'provision', '--ignore-not-found')).toBe('');
  return { last, ms, run, state: await wholeState(lab), starts: difference(await startsOf(lab), startsBefore) };
}

describeOwnLabs('killed runs', labs, { nodes: 1, controlPlanes: 1 }, (open) => {
  test.concurrent.each(Array.from({ length: labs }, (_, index) => [index, momentsOf(index).length] as const))(
    `lab %d, killed at %d of ${kills} moments: the next run ends where an undisturbed one does (seed ${seed})`,
    async (index) => {
      const lab = open()[index];
      if (!lab) throw new Error(`there is no lab ${index}`);
      const whole = await firstRun(lab);
      if (!whole) throw new Error('it was not to be killed');
      for (const lines of Object.values(whole.state))
        expect(lines.filter((line) => halfWritten.test(line.split(' ')[0] ?? ''))).toEqual([]);
      say(`undisturbed, lab ${index}: ${(whole.ms / 1000).toFixed(1)} s, starts ${JSON.stringify(whole.starts)}`);

      for (const moment of momentsOf(index)) {
        let afterMs = moment * whole.ms;
        let next = await firstRun(lab, afterMs);
        for (; !next; next = await firstRun(lab, afterMs)) afterMs *= 0.8; // it was faster than the undisturbed one
        const what = `killed after ${(afterMs / 1000).toFixed(1)} s (${next.last})`;
        say(`lab ${index}: ${what}; the next run took ${(next.ms / 1000).toFixed(1)} s`);
        expect(next.state, what).toEqual(whole.state);
        expect(next.starts, what).toEqual(whole.starts);
      }
      expect((await runUp(lab.inventoryPath)).changed).toEqual([]);
    },
    3_600_000,
  );
});
