import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operations } from '../../../src/operations/registry.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');

/** Words that a terminal can show too: links without where they lead, and without a pointer to another page at the end. */
const plain = (cell: string): string =>
  cell.replace(/; see \[[^\]]*\]\([^)]*\)$/, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');

/** What the two tables say, by operation: in which of them, and their second column. */
const rows = [page.indexOf('## On hosts'), page.indexOf('## On the cluster')].flatMap((start, index) =>
  [
    ...page
      .slice(start, index === 0 ? page.indexOf('## On the cluster') : undefined)
      .matchAll(/^\| `(\w+)` +\| (.+?) +\| /gm),
  ].map(([, name = '', cell = '']) => ({ name, place: index === 0 ? 'hosts' : 'cluster', summary: plain(cell) })),
);

test('docs/operations.md has every operation once, in its table, in the words of its summary', () => {
  const byName = (one: { name: string }, other: { name: string }) => one.name.localeCompare(other.name);
  const registered = [...operations].map(([name, operation]) => ({
    name,
    place: 'scope' in operation ? 'cluster' : 'hosts',
    summary: operation.summary,
  }));
  expect(rows.toSorted(byName)).toEqual(registered.toSorted(byName));
});
