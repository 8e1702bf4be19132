import { expect, test } from 'vitest';
import { undoneBy } from '../../../src/cli/history/history.ts';
import { toSetBack } from '../../../src/cli/history/undo.ts';
import {
  chooseResume,
  chooseUndo,
  findRun,
  hostsToUndo,
  laterOnes,
  statusOf,
  undoersOf,
} from '../../../src/journal/history.ts';
import { type RecordedRun, standingCordons } from '../../../src/journal/recorded-run.ts';
import { detailRun, summarizeRun } from '../../../src/journal/summary.ts';
import { applying, finished, recorded } from './runs.ts';

const both = [applying('n1', 'a'), applying('n2', 'a')];
const up = (id: string): RecordedRun => recorded(id, [...both, finished('changed')]);
const killed = (id: string): RecordedRun => recorded(id, both);
const undo = (
  id: string,
  undoes: string,
  status: 'changed' | 'failed' = 'changed',
  hosts = ['n1', 'n2'],
): RecordedRun =>
  recorded(id, [applying('n1', 'Taken back: a'), finished(status)], {
    command: 'undo',
    undoes,
    hosts: hosts.map((name) => ({ name, address: '' })),
  });
const dead = () => false;

test('undo takes the newest run that still stands', () => {
  expect(chooseUndo([up('1'), up('2')], undefined).id).toBe('2');
  expect(chooseUndo([up('1'), up('2'), undo('3', '2')], undefined).id).toBe('1');
  expect(chooseUndo([up('1'), killed('2')], undefined).id).toBe('2');
});

test('a run that failed before it changed anything is not what undo takes', () => {
  const failed = recorded('2', [{ type: 'failed', code: 'X', what: '' }, finished('failed')]);
  expect(chooseUndo([up('1'), failed], undefined).id).toBe('1');
  expect(() => chooseUndo([failed], '2')).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO' }));
});

test('an undo that failed or was killed leaves its run to be taken back', () => {
  expect(chooseUndo([up('1'), undo('2', '1', 'failed')], undefined).id).toBe('1');
  const unfinished = recorded('2', [applying('n1', 'x')], { command: 'undo', undoes: '1' });
  expect(chooseUndo([up('1'), unfinished], undefined).id).toBe('1');
});

test('an undo of some hosts leaves the others', () => {
  const runs = [up('1'), undo('2', '1', 'changed', ['n2'])];
  expect(hostsToUndo(runs[0] as RecordedRun, runs)).toEqual(['n1']);
  expect(chooseUndo(runs, undefined).id).toBe('1');
});

test('what was taken back, and an undo itself, are refused with the way to have it again', () => {
  const runs = [up('1'), undo('2', '1')];
  const refused = { code: 'NOTHING_TO_UNDO', fix: expect.stringContaining('provision up /etc/inventory.yaml') };
  expect(() => chooseUndo(runs, '1')).toThrow(expect.objectContaining(refused));
  expect(() => chooseUndo(runs, '2')).toThrow(expect.objectContaining(refused));
  expect(() => chooseUndo(runs, undefined)).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO' }));
});

test('to have a roll again is to roll again', () => {
  const runs = [recorded('1', both, { command: 'roll' }), undo('2', '1')];
  const refused = { fix: expect.stringContaining('provision roll /etc/inventory.yaml') };
  expect(() => chooseUndo(runs, '1')).toThrow(expect.objectContaining(refused));
  expect(() => chooseUndo(runs, '2')).toThrow(expect.objectContaining(refused));
});

test('a run is found by the beginning of its name if there is only one', () => {
  const runs = [up('2026-a1'), up('2026-a'), up('2026-b')];
  expect(findRun(runs, '2026-b').id).toBe('2026-b');
  expect(findRun(runs, '2026-a').id).toBe('2026-a');
  const notFound = { code: 'RUN_NOT_FOUND' };
  const more = { why: '2026-a1\n2026-a\n2026-b', fix: 'Write more of the name, so that only one run begins with it.' };
  expect(() => findRun(runs, '2026')).toThrow(expect.objectContaining({ ...notFound, ...more }));
  const listed = { fix: expect.stringContaining('provision history') };
  expect(() => findRun(runs, 'x')).toThrow(expect.objectContaining({ ...notFound, ...listed }));
});

test('resume takes the last run, if it did not end well', () => {
  expect(chooseResume([up('1'), killed('2')], dead).id).toBe('2');
  expect(() => chooseResume([killed('1'), up('2')], dead)).toThrow(
    expect.objectContaining({ code: 'NOTHING_TO_RESUME' }),
  );
  expect(() => chooseResume([], dead)).toThrow(expect.objectContaining({ code: 'NOTHING_TO_RESUME' }));
  expect(() => chooseResume([killed('1')], () => true)).toThrow(expect.objectContaining({ code: 'RUN_ACTIVE' }));
});

test('a run without an end is unfinished, or goes on', () => {
  expect(statusOf(killed('1'), dead)).toBe('unfinished');
  expect(statusOf(killed('1'), () => true)).toBe('running');
  expect(statusOf(up('1'), () => true)).toBe('changed');
});

test('later runs that stand on the same hosts are known before an older one is taken back', () => {
  const on = (id: string, host: string) =>
    recorded(id, [applying(host, 'a'), finished('changed')], { hosts: [{ name: host, address: '10.0.0.1' }] });
  const runs = [on('1', 'n1'), on('2', 'n1'), on('3', 'n2'), undo('4', '2', 'changed', ['n1']), on('5', 'n1')];
  expect(laterOnes(runs[0] as RecordedRun, runs).map(({ id }) => id)).toEqual(['5']);
  expect(laterOnes(runs[4] as RecordedRun, runs)).toEqual([]);
});

test('what a run did to a Node alone is told of that one', () => {
  const task = { task: 'No cordon', operation: 'uncordon', changes: [{ subject: 'Node n2', action: 'x' }], writes: [] };
  const awaiting = { type: 'awaiting', isChange: true, stage: 's', hosts: ['n1', 'n2'], task } as const;
  const run = recorded('1', [awaiting, { type: 'applied', host: 'n2', stage: 's', task: 'No cordon' }]);
  expect(detailRun(run, [run], dead)).toMatchObject({
    changes: 1,
    begun: 0,
    hosts: [],
    tasks: [{ host: 'n2', tasks: [{ task: 'No cordon', applied: true }] }],
  });
  const cut = recorded('1', [awaiting]);
  expect(detailRun(cut, [cut], dead)).toMatchObject({ changes: 0, begun: 2 });
});

test('what was put back is neither changed nor counted, also of a Node whose labels were', () => {
  const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
  const task = { task: 'Labels', operation: 'node_labels', changes: [], writes: [] };
  const run = recorded('1', [
    { type: 'awaiting', isChange: true, stage: 'a', hosts: ['n1'], task, objects: [{ before: object, left: object }] },
    { type: 'applied', host: 'n1', stage: 'a', task: 'Labels' },
    applying('n1', 'a'),
    { type: 'putting-back', stage: 'a', hosts: ['n1'] },
    { type: 'applied', host: 'n1', stage: 'Taken back: a', task: 'What run 1 did is taken back' },
    { type: 'applied', host: 'n1', stage: 'As before: a', task: 'The kubelet runs' },
    { type: 'put-back', stage: 'a', hosts: ['n1'] },
    finished('failed'),
  ]);
  expect(detailRun(run, [run], dead)).toMatchObject({ hosts: [], changes: 1, begun: 0, takenBack: ['n1'] });
  expect(() => chooseUndo([run], '1')).toThrow('changed no host');
});

test('a run that took itself back says so where others say by whom they were undone', () => {
  const putBack = (...hosts: string[]) => ({ type: 'put-back', stage: 'b', hosts }) as const;
  const summaryOf = (run: RecordedRun, ...later: readonly RecordedRun[]) => summarizeRun(run, [run, ...later], dead);
  const all = recorded('1', [applying('n1', 'b'), applying('n2', 'b'), putBack('n1', 'n2'), finished('failed')]);
  expect(undoneBy(summaryOf(all))).toBe('itself');
  const roll = recorded('1', [applying('n1', 'a'), applying('n2', 'b'), putBack('n2'), finished('failed')]);
  expect(undoneBy(summaryOf(roll))).toBe('itself (in part)');
  expect(undoneBy(summaryOf(roll, undo('2', '1')))).toBe('itself, 2');
  const untouched = recorded('1', [applying('n1', 'a'), putBack('n2'), finished('failed')]);
  expect(undoneBy(summaryOf(untouched)), 'nothing of n2 was begun').toBe('');
});

test('after the undo of another agent the inventory has to be set back, which is said', () => {
  expect(toSetBack(recorded('1', [], { command: 'network change' }))).toEqual([
    '/etc/inventory.yaml has to say again what the hosts have now (network.agent, network.backend …), or `up` refuses it',
  ]);
  expect(toSetBack(recorded('1', [], { command: 'network change' }), 'then')).toEqual([
    expect.stringContaining('what the hosts have then '),
  ]);
  expect(toSetBack(recorded('1', []))).toEqual([]);
});

test('a cordon stands that a failed node was left with, and one of an earlier run where a host was changed under it', () => {
  const kept = recorded('1', [applying('n1', 'a'), { type: 'keeping', stage: 'a', hosts: ['n1'] }]);
  expect(standingCordons(kept)).toEqual(['n1']);
  const nodes = ['n1', 'n2'].map((name) => ({ name, host: name, ready: true, cordonedBy: '0' }));
  const goesOn = [{ type: 'nodes', nodes } as const, applying('n1', 'a')];
  expect(standingCordons(recorded('2', goesOn))).toEqual(['n1']);
  const task = { task: 'No cordon', operation: 'uncordon', changes: [], writes: [] };
  expect(
    standingCordons(
      recorded('2', [
        ...goesOn,
        { type: 'awaiting', isChange: true, stage: 'a', hosts: ['n1'], task },
        { type: 'applied', host: 'n1', stage: 'a', task: 'No cordon' },
      ]),
    ),
  ).toEqual([]);
});

test('a reset takes all runs back on its host and no other one, and is not taken back itself', () => {
  const reset = (status: 'changed' | 'failed') =>
    recorded('3', [applying('n1', 'a'), applying('n2', 'routes'), finished(status)], {
      command: 'reset',
      resets: 'n1',
    });
  const [first, second] = [up('1'), up('2')];
  const runs = [first, second, reset('changed'), up('4')];
  expect(runs.map((run) => hostsToUndo(run, runs))).toEqual([['n2'], ['n2'], [], ['n1', 'n2']]);
  expect(undoersOf(first, runs).map(({ id }) => id)).toEqual(['3']);
  expect(() => chooseUndo(runs, '3')).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO' }));
  const failed = [first, reset('failed')];
  expect(hostsToUndo(first, failed)).toEqual(['n1', 'n2']);
  expect(chooseUndo(failed, undefined).id).toBe('1');
});
