import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referenceOf, referenceTables } from '../../../src/config/reference.ts';
import { settingsSchema } from '../../../src/config/settings.ts';

/** Tables may be aligned in the pages. */
const squeeze = (text: string): string =>
  text
    .replace(/-{3,}/g, '---')
    .replace(/\| ?(---) ?(?=\|)/g, '|---')
    .replace(/ +/g, ' ');

it.each(['inventory', 'playbooks'] as const)('docs/%s.md has every key as the schema has it', (page) => {
  const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), 'utf8');
  for (const table of referenceTables()[page]) expect(squeeze(text)).toContain(squeeze(table));
});

it('finds each key described', () => {
  expect(referenceOf(settingsSchema).filter(({ description }) => description === '')).toEqual([]);
});
