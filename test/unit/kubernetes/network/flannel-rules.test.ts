import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findFlannelRules, readSavedRules, splitRule } from '../../../../src/kubernetes/network/flannel-rules.ts';

/** What iptables-save printed after flanneld of that version had run there, with 10.244.1.0/24 of 10.244.0.0/16. */
const recorded = (name: string): string => readFileSync(new URL(`flannel-rules/${name}.txt`, import.meta.url), 'utf8');

const names = ['v0.17.0', 'v0.20.2', 'v0.28.7'].flatMap((version) => [`${version}-legacy`, `${version}-nft`]);
const withoutComments = (save: string) => save.replaceAll(/ -m comment --comment "flanneld [a-z]+"/g, '');
const plainly = (save: string) =>
  findFlannelRules(save).map(({ table, chain, text }) => `${table} -A ${chain} ${text}`);

test.each(names)('all rules of %s, and no others', (name) => {
  const save = recorded(name);
  const lines = save.split('\n').filter((line) => line.startsWith('-A') && /flanneld|FLANNEL/.test(line));
  const found = findFlannelRules(save);
  expect(found.map(({ chain, text }) => `-A ${chain} ${text}`)).toEqual(lines);
  const plain = name.startsWith('v0.17');
  expect(found).toHaveLength(plain ? 6 : name.startsWith('v0.20') ? 9 : 10);
  expect(new Set(found.map(({ style }) => style))).toEqual(new Set([plain ? 'plain' : 'chains']));
  expect(new Set(found.flatMap(({ network }) => network ?? []))).toEqual(new Set(['10.244.0.0/16']));
  expect(new Set(found.flatMap(({ subnet }) => subnet ?? []))).toEqual(new Set(['10.244.1.0/24']));
  expect(found.filter(({ network }) => network === undefined)).toHaveLength(plain ? 0 : 3);
});

test.each(names)('%s without comments, as still earlier ones wrote them', (name) => {
  expect(findFlannelRules(withoutComments(recorded(name)))).toHaveLength(findFlannelRules(recorded(name)).length);
});

test('where a rule stands in its chain', () => {
  const rules = findFlannelRules(recorded('v0.28.7-nft'));
  expect(rules.find(({ chain }) => chain === 'FORWARD')?.position).toBe(4);
  expect(rules.filter(({ chain }) => chain === 'FLANNEL-POSTRTG').map(({ position }) => position)).toEqual([
    1, 2, 3, 4, 5, 6,
  ]);
});

test.each([
  ['a masquerading of somebody else', '*nat\n-A POSTROUTING -s 10.244.7.0/24 -j MASQUERADE'],
  [
    "Docker's",
    '*nat\n-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n*filter\n-A FORWARD -o docker0 -j DOCKER',
  ],
  [
    'ours',
    '*nat\n-A PROVISION-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE\n-A POSTROUTING -j PROVISION-POSTRTG',
  ],
  ['acceptance of a network that nobody masquerades', '*filter\n-A FORWARD -s 10.244.0.0/16 -j ACCEPT'],
  ['a chain of somebody else', '*nat\n-A MINE -s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE'],
  ['a rule that somebody put into a chain of flannel', '*filter\n-A FLANNEL-FWD -p tcp -j DROP'],
  ['the same in another table', '*mangle\n-A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN'],
  ['two networks of which none is in the other', '*nat\n-A FLANNEL-POSTRTG -s 10.1.0.0/16 -d 10.2.0.0/16 -j RETURN'],
])('not flannel: %s', (_name, save) => {
  expect(plainly(save)).toEqual([]);
});

test('words in quotes are one word', () => {
  expect(splitRule('-s 10.0.0.0/8 -m comment --comment "a \\"b\\" c" -j X')).toEqual([
    '-s',
    '10.0.0.0/8',
    '-m',
    'comment',
    '--comment',
    'a "b" c',
    '-j',
    'X',
  ]);
  expect(
    readSavedRules('*nat\n-A A -j B\n-A A -j C\nCOMMIT\n*filter\n-A A -j D').map(({ position }) => position),
  ).toEqual([1, 2, 1]);
});
