import { expect, it } from 'vitest';
import { expandHostRange } from '../../../src/config/host-range.ts';

it.each([
  ['node1', ['node1']],
  ['node[01:03]', ['node01', 'node02', 'node03']],
  ['node[9:11].lan', ['node9.lan', 'node10.lan', 'node11.lan']],
  ['node[08:10]', ['node08', 'node09', 'node10']],
  ['n[a:c]', ['na', 'nb', 'nc']],
  ['n[0:10:5]', ['n0', 'n5', 'n10']],
  ['r[1:2]n[A:B]', ['r1nA', 'r1nB', 'r2nA', 'r2nB']],
])('%s means %j', (pattern, names) => {
  expect(expandHostRange(pattern)).toEqual(names);
});

it.each([
  ['n[3:1]', 'The range "[3:1]" runs backwards'],
  ['n[a:C]', 'Not a range: "[a:C]"; expected something like [01:50] or [a:c]'],
  ['n[1]', 'Not a range: "[1]"; expected something like [01:50] or [a:c]'],
  ['n[1:4:0]', 'Not a range: "[1:4:0]"; expected something like [01:50] or [a:c]'],
  ['n[01:100]', 'Not a range: "[01:100]"; both ends need the same number of digits'],
  ['n[1:99999]', 'The range "[1:99999]" has more than 10000 hosts'],
  ['n[1:3', 'Unbalanced bracket in "n[1:3"'],
])('%s is refused', (pattern, message) => {
  expect(() => expandHostRange(pattern)).toThrow(message);
});
