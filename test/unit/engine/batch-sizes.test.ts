import { expect, test } from 'vitest';
import { splitBatches } from '../../../src/engine/batch-sizes.ts';
import type { Serial } from '../../../src/engine/stage.ts';

const sizes = (count: number, serial: Serial): number[] =>
  splitBatches(
    Array.from({ length: count }, (_, n) => n),
    serial,
  ).map((batch) => batch.length);

test.each<[number, Serial, number[]]>([
  [0, [1], []],
  [5, [2], [2, 2, 1]],
  [5, [1, 3], [1, 3, 1]],
  [9, [1, '25%'], [1, 3, 3, 2]],
  [4, [1, '25%'], [1, 1, 1, 1]],
  [3, ['10%'], [1, 1, 1]],
  [3, ['100%'], [3]],
  [3, [10], [3]],
  [3, [], [3]],
])('%i hosts by %j', (count, serial, expected) => {
  expect(sizes(count, serial)).toEqual(expected);
});

test('keeps the order', () => {
  expect(splitBatches(['a', 'b', 'c'], [1, 2])).toEqual([['a'], ['b', 'c']]);
});
