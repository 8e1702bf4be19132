import { expect, test } from 'vitest';
import { describeHosts, joinRanges } from '../../../src/reporters/host-names.ts';

test.each([
  [
    ['node1', 'node2'],
    ['node1', 'node2'],
  ],
  [['node1', 'node2', 'node3'], ['node[1:3]']],
  [
    ['node08', 'node09', 'node10', 'node12'],
    ['node[08:10]', 'node12'],
  ],
  [['node8', 'node9', 'node10'], ['node[8:10]']],
  [
    ['a1.lan', 'a2.lan', 'a3.lan', 'b4.lan'],
    ['a[1:3].lan', 'b4.lan'],
  ],
  [
    ['web', 'db', 'web2', '7', '8', '9'],
    ['web', 'db', 'web2', '[7:9]'],
  ],
  [
    ['node3', 'node2', 'node1'],
    ['node3', 'node2', 'node1'],
  ],
  [
    ['node09', 'node010', 'node011'],
    ['node09', 'node010', 'node011'],
  ],
])('%j', (names, parts) => {
  expect(joinRanges(names)).toEqual(parts);
});

test('hosts among others, in the order of those', () => {
  const letters = [...'abcdefghij'];
  expect(describeHosts(['c', 'a'], letters)).toBe('a, c');
  expect(describeHosts(letters.slice(0, 9), letters)).toBe('a, b, c, d, e and 4 more');
  expect(describeHosts(letters, letters)).toBe('all 10 hosts');
});
