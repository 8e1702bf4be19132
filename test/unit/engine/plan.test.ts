import { expect, test } from 'vitest';
import { z } from 'zod';
import { planTasks, probeItem, readProbe } from '../../../src/engine/plan.ts';
import type { HostOperation, Upcoming } from '../../../src/operations/operation.ts';
import { sh } from '../../../src/shell.ts';

const seen: Upcoming[] = [];
const operation: HostOperation = {
  name: 'text',
  schema: z.string(),
  probe: () => sh`cat /x`,
  parse: (output) => output.trim(),
  diff(actual, desired, upcoming) {
    seen.push(upcoming);
    return actual === desired ? [] : [{ subject: 'x', action: 'write' }];
  },
  apply: () => sh`:`,
  undo: { irreversible: 'a test' },
  writes: (desired) => [{ path: `/${desired}`, sha256: desired === 'gone' ? null : String(desired) }],
};
const task = (desired: string) => ({ name: desired, operation, desired });

test('a task sees what the tasks before it are about to write, and only that', () => {
  seen.length = 0;
  const planned = planTasks([
    { task: task('a'), actual: 'other' },
    { task: task('b'), actual: 'b' },
    { task: task('gone'), actual: 'there' },
    { task: task('c'), actual: 'c' },
  ]);
  expect(planned.map((one) => one.changes.length)).toEqual([1, 0, 1, 0]);
  expect(seen.map((upcoming) => [...upcoming.files])).toEqual([
    [],
    [['/a', 'a']],
    [['/a', 'a']],
    [
      ['/a', 'a'],
      ['/gone', null],
    ],
  ]);
  expect(planned.map((one) => one.upcoming)).toEqual(seen);
});

test('a task sees which units are stopped by those before it that have something to do', () => {
  seen.length = 0;
  const stopping: HostOperation = { ...operation, stops: (desired) => [`${desired}.service`] };
  planTasks([
    { task: { ...task('a'), operation: stopping }, actual: 'other' },
    { task: { ...task('b'), operation: stopping }, actual: 'b' },
    { task: task('c'), actual: 'c' },
  ]);
  expect(seen.map(({ stopped }) => [...(stopped ?? [])])).toEqual([[], ['a.service'], ['a.service']]);
});

test('a task sees which units are started anew by those before it, and which files their processes have seen', () => {
  seen.length = 0;
  const unit = (desired: unknown): string => `${desired}.service`;
  const stopping = { ...operation, name: 'stop', stops: (desired: unknown) => [unit(desired)] };
  const starting = { ...operation, name: 'start', writes: () => [], starts: (desired: unknown) => [unit(desired)] };
  planTasks([
    { task: { ...task('a'), operation: stopping }, actual: 'other' },
    { task: { ...task('a'), operation: starting }, actual: 'other' },
    { task: { ...task('b'), operation: starting }, actual: 'b' },
    { task: { ...task('a'), operation: { ...stopping, name: 'stop again' } }, actual: 'other' },
    { task: task('c'), actual: 'c' },
  ]);
  const started = [...seen].map(({ stopped, started: anew }) => [
    [...(stopped ?? [])],
    [...(anew ?? [])].map(([name, files]) => [name, ...files]),
  ]);
  expect(started).toEqual([
    [[], []],
    [['a.service'], []],
    [[], [['a.service', ['/a', 'a']]]],
    [[], [['a.service', ['/a', 'a']]]],
    [['a.service'], []],
  ]);
});

test('a task sees which units are down by then, until one before it has started them', () => {
  seen.length = 0;
  const unit = (desired: unknown): string => `${desired}.service`;
  const ending = { ...operation, name: 'end', takesDown: (desired: unknown) => [unit(desired)] };
  const starting = { ...operation, name: 'start', starts: (desired: unknown) => [unit(desired)] };
  planTasks([
    { task: { ...task('a'), operation: ending }, actual: 'other' },
    { task: { ...task('b'), operation: ending }, actual: 'b' },
    { task: { ...task('a'), operation: starting }, actual: 'other' },
    { task: { ...task('a'), operation: { ...ending, name: 'end again' } }, actual: 'other' },
    { task: task('c'), actual: 'c' },
  ]);
  expect(seen.map(({ down, started }) => [[...(down ?? [])], [...(started ?? []).keys()]])).toEqual([
    [[], []],
    [['a.service'], []],
    [['a.service'], []],
    [[], ['a.service']],
    [['a.service'], []],
  ]);
});

test('a look that failed is an error with its reason', () => {
  expect(probeItem(task('a'), 'p').source).toContain('cat /x');
  const answer = { id: 'p', stdout: 'a\n', stderr: 'no such file', code: 0 };
  expect(readProbe(task('a'), answer, 'node1')).toBe('a');
  const expected = { code: 'PROBE_FAILED', what: expect.stringContaining("node1: 'a'") };
  expect(() => readProbe(task('a'), { ...answer, code: 2 }, 'node1')).toThrow(
    expect.objectContaining({ ...expected, why: 'no such file' }),
  );
  expect(() => readProbe(task('a'), undefined, 'node1')).toThrow(expect.objectContaining(expected));
});
