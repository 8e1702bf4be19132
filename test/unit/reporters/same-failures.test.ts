import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProvisionError } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/events.ts';
import { createReporter } from '../../../src/reporters/reporter.ts';
import { joinFailures } from '../../../src/reporters/same-failures.ts';
import { Screen } from './screen.ts';

type Failure = RunEvent & { readonly type: 'failure' };

const failure = (host: string, what: string, fix = 'Correct it.'): Failure => ({
  type: 'failure',
  host,
  stage: 's',
  error: new ProvisionError({ code: 'FLAG_UNKNOWN', kind: 'config', what, fix }),
});

const brief = (failures: readonly Failure[]) => joinFailures(failures).map(({ host, error }) => [host, error.what]);

test('failures that differ in nothing but the host are one', () => {
  expect(brief(['node2', 'node10', 'node1', 'node3'].map((host) => failure(host, 'no such flag')))).toEqual([
    ['node[1:3], node10', 'no such flag'],
  ]);
  expect(brief([failure('a', "a: 'it' failed"), failure('b', "b: 'it' failed"), failure('c', 'another')])).toEqual([
    ['a, b', "a, b: 'it' failed"],
    ['c', 'another'],
  ]);
});

test('what is not the same is told as often: other words, a name within another one, a command', () => {
  expect(brief([failure('a', 'a failed'), failure('b', 'a failed')])).toHaveLength(2);
  expect(brief([failure('n', 'n.x failed'), failure('m', 'm.x failed')])).toHaveLength(2);
  expect(brief([failure('a', 'x', 'ssh a'), failure('b', 'x', 'ssh b')])).toHaveLength(2);
  expect(brief([failure('a', 'x'), failure('a', 'x')])).toHaveLength(2);
});

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const open = (isTerminal: boolean) => {
  const stream = new Screen();
  const shown = { output: 'text', isTerminal, color: false, verbose: false, redact: (text: string) => text } as const;
  return { stream, display: createReporter({ ...shown, stream }) };
};
const told = (stream: Screen) => stream.lines.filter((line) => line.includes('✖ FLAG_UNKNOWN'));

test('without a terminal they are told before anything else is, and at once where nothing else comes', async () => {
  const { stream, display } = open(false);
  for (const host of ['node1', 'node2', 'node3']) display.show(failure(host, 'x'));
  display.show({ type: 'warning', message: 'later' });
  expect(stream.lines.join('\n')).toMatch(/FLAG_UNKNOWN {2}node\[1:3\], s\n[\s\S]*later/);
  display.show(failure('node4', 'x'));
  vi.runAllTimers();
  expect(told(stream)).toHaveLength(2);
  display.show(failure('node5', 'x'));
  await display.close();
  expect(told(stream)).toHaveLength(3);
});

test('on a terminal they are told once when the stage has ended', async () => {
  vi.useRealTimers();
  const { stream, display } = open(true);
  display.show({ type: 'stage-started', stage: 's', hosts: ['node1', 'node2'] });
  for (const host of ['node1', 'node2']) display.show(failure(host, 'x'));
  display.show({ type: 'stage-finished', stage: 's', status: 'failed' });
  await display.close();
  expect(told(stream)).toEqual([expect.stringContaining('node1, node2, s')]);
});
