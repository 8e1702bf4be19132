import { expect, test } from 'vitest';
import { mergeOrders } from '../../../src/reporters/merge-orders.ts';

const words = (text: string): string[] => text.split(' ').filter(Boolean);

test.each([
  ['nothing', [], ''],
  ['one list', ['c a b'], 'c a b'],
  ['a list that knows what comes before the first', ['range', 'routes range'], 'routes range'],
  ['one in between', ['a c', 'a b c'], 'a b c'],
  ['lists that know nothing of each other', ['b', 'a', 'c'], 'b a c'],
  ['an order that no single list has', ['c d', 'a b', 'b c'], 'a b c d'],
  ['an item twice', ['a b a', 'c a'], 'c a b'],
  ['lists that contradict each other', ['a b', 'b a', 'x a'], 'x a b'],
])('%s', (_, lists, merged) => {
  expect(mergeOrders(lists.map(words))).toEqual(words(merged));
});
