import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ErrorKind, exitCodes } from '../../../src/errors.ts';

const root = join(import.meta.dirname, '../../..');
const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
  .join('\n');
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

const codeWord = /'([A-Z][A-Z0-9_]+)'/g;
const exitOf = (kind: string): number => exitCodes[kind as ErrorKind];

/** Exit codes by the code of the error: the `code:` and `kind:` of errors in TypeScript, and `fail CODE` in scripts. */
function findCodes(): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  const add = (code: string, exit: number) => found.set(code, (found.get(code) ?? new Set()).add(exit));
  for (const [, codes = '', kind = ''] of source.matchAll(/\bcode:([^\n]*?),?\s+kind: '(\w+)'/g))
    for (const [, code = ''] of codes.matchAll(codeWord)) add(code, exitOf(kind));
  for (const [, code = ''] of source.matchAll(/^(?!#).*?\bfail ([A-Z][A-Z0-9_]{3,}) /gm))
    add(code, exitOf('operation'));
  return found;
}

/** The rows of the page: `code` and the exit codes beside it. */
function readPage(): Map<string, Set<number>> {
  const rows = page.matchAll(/^\| `([A-Z][A-Z0-9_]+)`\s*\| ([\d, ]+?)\s*\|/gm);
  return new Map([...rows].map(([, code = '', exits = '']) => [code, new Set(exits.split(',').map(Number))]));
}

const sorted = (codes: Map<string, Set<number>>) =>
  [...codes].map(([code, exits]) => `${code} ${[...exits].toSorted().join(', ')}`).toSorted();

test('every code is found, wherever it stands', () => {
  const named = [...source.matchAll(/\bcode:[^\n]*?'([A-Z][A-Z0-9_]+)'/g)].map(([, code]) => code);
  expect([...findCodes().keys()]).toEqual(expect.arrayContaining(named));
});

test('docs/errors.md has every error code, no other, and the exit code of each', () => {
  expect(sorted(readPage())).toEqual(sorted(findCodes()));
});

test('no error code stands on the page twice', () => {
  const rows = page.match(/^\| `[A-Z][A-Z0-9_]+`/gm) ?? [];
  expect(rows).toHaveLength(new Set(rows).size);
});
