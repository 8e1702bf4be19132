import { expect, test } from 'vitest';
import { formatDifference } from '../../../src/reporters/change-text.ts';
import { createPaint } from '../../../src/reporters/paint.ts';

const lines = (...numbers: (number | string)[]) => numbers.map((one) => `line ${one}\n`).join('');
const difference = (before: string | undefined, after: string, most = 60) =>
  formatDifference(
    { subject: 'x', action: 'write', ...(before !== undefined && { before, after }) },
    createPaint(false),
    { most },
  );

test('each place that differs with two lines around it', () => {
  const before = lines(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  const after = lines(1, 'one and a half', 2, 3, 4, 5, 6, 7, 8, 10);
  expect(difference(before, after)).toEqual([
    '        line 1',
    '      + line one and a half',
    '        line 2',
    '        line 3',
    '        …',
    '        line 7',
    '        line 8',
    '      - line 9',
    '        line 10',
  ]);
});

test('a last line without its end differs, and there is no word about it', () => {
  expect(difference('a\nb', 'a\nb\n')).toEqual(['        a', '      - b', '      + b']);
});

test('a text that may not be shown has no lines', () => {
  expect(difference(undefined, 'secret')).toEqual([]);
});

test('many lines are cut, and counted', () => {
  expect(difference('', lines(1, 2, 3, 4), 2)).toEqual([
    '      + line 1',
    '      + line 2',
    '        … and 2 more lines',
  ]);
});
