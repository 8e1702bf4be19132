import { expect, test } from 'vitest';
import type { HostSummary } from '../../../src/events.ts';
import { createPaint } from '../../../src/reporters/paint.ts';
import { formatLastLine, formatTable } from '../../../src/reporters/summary.ts';

const paint = createPaint(false);
const summary = (host: string, changes: Partial<HostSummary> = {}): HostSummary => ({
  host,
  changed: 0,
  ok: 12,
  failed: 0,
  seconds: 1.9,
  commands: 2,
  uploads: 0,
  ...changes,
});
const lastLine = (status: 'ok' | 'changed' | 'failed', hosts: HostSummary[]): string =>
  formatLastLine({ type: 'run-finished', status, seconds: 1.9, hosts }, paint);

test.each([
  ['ok', [summary('a'), summary('b')], 'ok: nothing to change on 2 hosts (2 commands each, 1.9 s)'],
  ['ok', [summary('a')], 'ok: nothing to change on 1 host (2 commands, 1.9 s)'],
  [
    'ok',
    [summary('a'), summary('b', { commands: 3 })],
    'ok: nothing to change on 2 hosts (2 to 3 commands each, 1.9 s)',
  ],
  ['ok', [], 'ok: nothing to change on 0 hosts (1.9 s)'],
  ['changed', [summary('a', { changed: 3 }), summary('b')], 'changed: 3 tasks on 1 of 2 hosts (1.9 s)'],
  ['failed', [summary('a', { failed: 1 }), summary('b')], 'failed: 1 of 2 hosts (a); nothing was changed (1.9 s)'],
  ['failed', [summary('a', { changed: 1 })], 'failed: changed 1 task on 1 of 1 host (1.9 s)'],
  [
    'failed',
    [summary('a', { failed: 1, takenBack: 2 }), summary('b', { takenBack: 1 })],
    'failed: 1 of 2 hosts (a); nothing stays changed, 3 tasks on 2 hosts taken back (1.9 s)',
  ],
  [
    'failed',
    [summary('a', { changed: 4 }), summary('b', { takenBack: 1 })],
    'failed: changed 4 tasks on 1 of 2 hosts, 1 task on 1 host taken back (1.9 s)',
  ],
  ['failed', [], 'failed: nothing was changed (1.9 s)'],
] as const)('last line of %s', (status, hosts, expected) => {
  expect(lastLine(status, [...hosts])).toBe(expected);
});

test('many hosts with nothing to change share one line', () => {
  const hosts = Array.from({ length: 1000 }, (_, index) => summary(`node${index}`));
  hosts[7] = summary('node7', { changed: 2 });
  expect(formatTable(hosts, paint)).toEqual([
    'host   changed  ok  failed  seconds  commands  uploads',
    'node7        2  12       0      1.9         2        0',
    '999 hosts with nothing to change',
  ]);
});
