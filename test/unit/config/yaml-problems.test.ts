import { expect, it } from 'vitest';
import { parseInventory } from '../../../src/config/inventory.ts';
import { parseOneOffs } from '../../../src/config/one-off.ts';
import { parseSource } from '../../../src/config/source.ts';
import { ProvisionErrors } from '../../../src/errors.ts';
import { inventoryText, thrownBy } from './shown.ts';

/** Place, mistake and what to do of each mistake that is told. */
function told(text: string): readonly string[] {
  try {
    parseSource('a.yaml', text);
  } catch (error) {
    if (!(error instanceof ProvisionErrors)) throw error;
    return error.errors.map(({ where, what, fix }) => {
      if (typeof where !== 'object') throw new Error('no place');
      expect(where.column).toBeLessThanOrEqual(Math.max(1, where.text?.length ?? 0));
      return `${where.line}:${where.column} ${what} → ${fix}`;
    });
  }
  return [];
}

const unquoted = 'Without quotes, this is a map to YAML → Put it in quotes:';
const tab = 'Not valid YAML: Tabs are not allowed as indentation → Write spaces.';
const inside =
  'Not valid YAML: The quotes end before the text does → Put text that has double quotes in it in single quotes, and the other way round.';
const open = 'Not valid YAML: This quote is not closed → Write the same quote at the end of the text.';
const deeper =
  'Not valid YAML: The next line is indented further, and this one has a value already → Give both lines the same indentation.';

it.each<[string, string, ...string[]]>([
  ['an expression', 'a:\n  b: {{ c }}\n  d: 1\n', `2:6 ${unquoted} "{{ c }}".`],
  ['expressions with text around them', 'a: {{ b.c }}/16\nd: {{ e }}-{{ f }}\n', `1:4 ${unquoted} "{{ b.c }}/16".`],
  ['several', 'a: {{ b }}\nc: [{{ d }}, e]\n', `1:4 ${unquoted} "{{ b }}".`, `2:5 ${unquoted} "{{ d }}".`],
  ['one with double quotes', 'a: {{ b | default("c") }}\n', `1:4 ${unquoted} '{{ b | default("c") }}'.`],
  ['a list as a key', '[a]: 1\n', '1:1 A map or a list cannot be a key → Write text as the key; put it in quotes.'],
  ['a tab', 'a:\n  b: 1\n\tc: 2\n  d: 3\n', `3:1 ${tab}`],
  ['tabs', 'a:\n\tb:\n\t\tc: 1\n', `2:1 ${tab}`],
  ['a tab after braces', 'a:\n  b: {\n\t c: 1 }\n', `3:3 ${tab}`],
  ['a line too far to the right', 'a:\n  b: 1\n   c: 2\n  d: 3\n', `2:6 ${deeper}`],
  [
    'one too far to the left',
    'a:\n    b: 1\n  c: 2\n  d:\n    - e\n   - f\n',
    '3:3 Not valid YAML: All mapping items must start at the same column → Begin this line below the others of its map or list.',
  ],
  [
    'an item too far to the right',
    'a:\n- b: 1\n  - c: 2\n',
    '3:3 Not valid YAML: A block sequence may not be used as an implicit map key → Begin this line below the others of its list.',
  ],
  ['quotes in quotes', 'a:\n  b: "{{ c | default("x") }}"\n  d: 1\n', `2:23 ${inside}`],
  ['quotes in braces', 'a: { b: "c, d: "e" }\n', `1:17 ${inside}`],
  ['an open quote', 'a:\n  b: "c\n  d: 1\n', `2:6 ${open}`],
  ['an open quote before others', 'a:\n  b: "c\n  d: { e: "f" }\n', `2:6 ${open}`],
  [
    'no space after a colon',
    'a:\n  b:c\n  d: 1\n',
    '2:3 Not valid YAML: After "b:" there is no space → Write a space after the colon.',
  ],
  [
    'the same in the last line',
    'a:\n  d: 1\n  b:c\n',
    '3:3 Not valid YAML: After "b:" there is no space → Write a space after the colon.',
  ],
  [
    'a no-break space',
    'a:\n  b:\u00a0c\n  d: 1\n',
    '2:3 Not valid YAML: After "b:" stands a no-break space → Write a plain space after the colon.',
  ],
  [
    'no colon',
    'a:\n  b\n  c: 1\n',
    '2:3 Not valid YAML: A key without its colon → Write a colon and a space after the key, then its value.',
  ],
  [
    'two colons',
    'a: b: c\n',
    '1:4 Not valid YAML: Two keys in one line → Put the value in quotes if the second colon is part of it.',
  ],
  [
    'an open brace',
    'a: { b: 1\nc: 2\n',
    '2:1 Not valid YAML: Flow map in block collection must be sufficiently indented and end with a } → Write the } that closes it.',
  ],
  [
    'a backslash',
    'a: "b\\c"\n',
    '1:6 Not valid YAML: Invalid escape sequence \\c → Put the text in single quotes, in which a backslash is a backslash.',
  ],
  ['two documents', 'a: 1\n---\nb: 2\n', '2:1 Not valid YAML: This is a second document → Take out the --- before it.'],
  ['an exclusion', 'a: [b, !c]\n', '1:8 Unknown tag: !c → Write the value without a tag, or in quotes: "!c".'],
  [
    'what is certain before what may follow',
    'a: 1\na: 2\nb: [\na: 3\n',
    '2:1 Duplicate key: "a" → Write what both say under one of them.',
    '4:1 Not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ] → Write the ] that closes it.',
  ],
])('of %s only what helps is told, at its place', (_, text, ...expected) => {
  expect(told(text)).toEqual(expected);
});

it('quotes help nothing where expressions mean nothing', () => {
  const jinja = 'An inventory holds plain values, no Jinja expressions\n';
  const text = inventoryText({ vars: '    motd: {{ lookup("env", "MOTD") }}' });
  const refusal = thrownBy(() => parseInventory('i.yaml', text, { homeFolder: '/' }));
  expect(refusal).toContain(`✖ CONFIG_INVALID  i.yaml:5:11\n  ${jinja}`);
  expect(refusal).toContain('A secret may be { env: MOTD }.');
  expect(thrownBy(() => parseOneOffs(['kubelet.flags.v={{ v }}']))).toContain(`--set:1:17\n  ${jinja}`);
});
