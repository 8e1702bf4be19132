import { expect, test } from 'vitest';
import { z } from 'zod';
import { batchSize, oneOrMore } from '../../../src/config/batch-size.ts';
import { check } from '../../../src/config/check.ts';
import { cidrSchema } from '../../../src/config/cidr.ts';

const where = { file: 'a.yaml', line: 1, column: 1, text: '' };
const page = 'docs/page.md';

/** What is told to do about the only mistake in a value. */
function fixOf(schema: z.ZodType, value: unknown): string | undefined {
  const checked = check(schema, value, () => where, page);
  if ('value' in checked) return undefined;
  expect(checked.mistakes).toHaveLength(1);
  return checked.mistakes[0]?.fix;
}

const many = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((key) => [key, z.int().optional()]));
const word = z.string().regex(/^[a-z]+$/, 'Not a word');

test('a schema may name only what it expects', () => {
  const checked = check(z.string().regex(/^\//, 'an absolute path'), 'a', () => where, page);
  expect('mistakes' in checked && checked.mistakes[0]?.what).toBe('Invalid input: expected an absolute path');
});

test.each<[string, z.ZodType, unknown, string]>([
  ['a number as text', z.int(), '24', 'Take the quotes away.'],
  ['one that is too small all the same', z.int().min(8).max(30), '7', 'Write a whole number from 8 to 30.'],
  ['one with a zero before it', z.int().min(8), '007', 'Write a whole number from 8 on.'],
  ['one out of its range', z.int().min(8).max(30).default(24), 31, 'Write a whole number from 8 to 30, such as 24.'],
  ['one that has to be more than 0', z.int().positive(), 0, 'Write a whole number from 1 on.'],
  ['one that may be any', z.number(), 'x', 'Write a number.'],
  ['one with a limit', z.number().max(2.5), 3, 'Write a number up to 2.5.'],
  ['yes', z.boolean(), 'yes', 'Write true.'],
  ['Off', z.boolean().default(true), 'Off', 'Write false.'],
  ['a switch as text', z.boolean(), 'false', 'Take the quotes away.'],
  ['no switch', z.boolean().default(true), 'x', 'Write true or false.'],
  ['a misspelt word', z.enum(['host-gw', 'vxlan']), 'vxlen', 'Write vxlan.'],
  ['another word', z.enum(['host-gw', 'vxlan']).default('vxlan'), 'udp', 'Write host-gw or vxlan.'],
  ['the one word', z.literal('none'), 1, 'Write none.'],
  ['text without quotes', z.string().regex(/^\w+$/, 'No'), 7, 'Put it in quotes.'],
  ['true without quotes', z.string(), true, 'Put it in quotes.'],
  ['what quotes do not mend', word.default('abc'), 7, 'Write something like abc.'],
  [
    'a pattern',
    word
      .meta({ examples: ['abc'] })
      .optional()
      .describe('a word; none if left out'),
    'A',
    'Write something like abc: a word.',
  ],
  [
    'a pattern without an example',
    z.strictObject({ key: word.describe('a word') }),
    { key: 'A' },
    'Correct key: a word.',
  ],
  [
    'one that nothing is said of',
    z.record(z.string(), word),
    { key: 'A' },
    'Correct key; docs/page.md says what goes there.',
  ],
  ['an address in a range', cidrSchema, '10.5.0.1/16', 'Write 10.5.0.0/16.'],
  ['no range', cidrSchema.describe('the range'), '10.5', 'Write something like 10.5.0.0/16: the range.'],
  ['several forms', oneOrMore(batchSize), {}, 'Write a whole number from 1 on, text like 25% or a list.'],
  ['text for a list', z.array(z.string()), 'a', 'Write a list.'],
  ['an empty list', z.array(z.string()).min(2), [], 'Write at least 2 into it.'],
  ['text for a map', z.record(z.string(), z.string()), 'a', 'Write a map.'],
  ['what has to be in it', z.strictObject({ a: z.string(), b: z.string().optional() }), 'a', 'Write a map with a.'],
  ['what may be in it', z.strictObject({ b: z.string().optional() }), 'a', 'Write a map with any of b.'],
  ['what would be too much to say', z.strictObject(many), 'a', 'Write a map.'],
  ['a word or a map', z.union([z.strictObject({ a: z.int() }), z.literal('none')]), 5, 'Write none or a map with a.'],
  ['a name', z.record(word.meta({ examples: ['abc'] }), z.int()), { A: 1 }, 'Write something like abc.'],
  [
    'a rule with a fix of its own',
    z.string().refine(() => false, { error: 'No', params: { fix: 'Write it again.' } }),
    'a',
    'Write it again.',
  ],
  ['a missing text', z.strictObject({ key: word }), {}, 'Add key; docs/page.md has all keys.'],
  [
    'a missing text with an example',
    z.strictObject({ key: word.meta({ examples: ['abc'] }) }),
    {},
    'Add key, such as abc; docs/page.md has all keys.',
  ],
  [
    'a missing number',
    z.strictObject({ key: z.int().min(1) }),
    {},
    'Add key: a whole number from 1 on; docs/page.md has all keys.',
  ],
  [
    'a misspelt key',
    z.strictObject({ port: z.int().optional() }),
    { prot: 1 },
    'Write port, or take it out; docs/page.md has all keys.',
  ],
  [
    'an unknown key',
    z.strictObject({ port: z.int().optional(), vni: z.int().optional() }),
    { nothing: 1 },
    'Take it out, or write one of: port, vni; docs/page.md has all keys.',
  ],
  ['a key where there is none', z.strictObject({}), { a: 1 }, 'Take it out; docs/page.md has all keys.'],
])('%s', (_, schema, value, fix) => {
  expect(fixOf(schema, value)).toBe(fix);
});
