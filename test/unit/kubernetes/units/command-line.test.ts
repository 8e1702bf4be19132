// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's own syntax
import { describe, expect, it } from 'vitest';
import { expandWords, parseCommands, quoteWord, splitWords } from '../../../../src/kubernetes/units/command-line.ts';
import { parseEnvironmentFile } from '../../../../src/kubernetes/units/environment.ts';

const split = (text: string): string[] => splitWords(text).map((word) => word.value);
const run = (text: string, variables: Record<string, string> = {}): string[] =>
  parseCommands(text, { H: 'node-1' }).flatMap((command) =>
    expandWords(command, new Map(Object.entries(variables))).map((word) => word.value),
  );

describe('splitting, each line checked against systemd 252', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    [`"a b" 'c d'`, ['a b', 'c d']],
    ['--x="a b"c', ['--x=a bc']],
    ['a\\x2db \\101 a\\sb', ['a-b', 'A', 'a b']],
    ["'it\\'s'", ["it's"]],
    ['a\\db', ['a\\db']],
    ['"" x', ['', 'x']],
    ['\\u00e9', ['é']],
  ])('%s', (text, words) => expect(split(text)).toEqual(words));

  it('refuses a quote left open', () => expect(() => split('a "b')).toThrow(/COMMAND_LINE_UNREADABLE/));
});

describe('expansion', () => {
  it.each([
    ['/a $X', { X: '--b "c d" e\\ f' }, ['/a', '--b', 'c d', 'e f']],
    ['/a $X', {}, ['/a']],
    ['/a ${X}', { X: 'b c' }, ['/a', 'b c']],
    ['/a ${X}', {}, ['/a', '']],
    ['/a x$X', { X: 'b' }, ['/a', 'x$X']],
    ['/a $$X y$$', { X: 'b' }, ['/a', '$X', 'y$']],
    ['/a 50%% %H %q', {}, ['/a', '50%', 'node-1', '%q']],
    ['-@/a b c', {}, ['b', 'c']],
    [':/a $X', { X: 'b' }, ['/a', '$X']],
    ['/a \\; b', {}, ['/a', ';', 'b']],
  ])('%s', (text, variables, words) => expect(run(text, variables as Record<string, string>)).toEqual(words));

  it('sees two commands', () => expect(parseCommands('/a b ; -/c d')).toHaveLength(2));
});

it.each([
  'plain',
  '',
  'a b',
  'a"b',
  "a'b",
  'back\\slash',
  '50%',
  '$HOME',
  '${X}',
  '$',
  '#x',
  ';',
  'a\nb',
  'é',
  '--a=b,c',
])('writes %j so that systemd reads it back', (value) =>
  expect(run(`/a ${quoteWord(value)}`, { X: 'no', HOME: 'no' })).toEqual(['/a', value]),
);

it('leaves a dollar alone where the command expands nothing', () =>
  expect(quoteWord('a$b', { expandsVariables: false })).toBe('a$b'));

describe('environment files, each checked against systemd 252', () => {
  it.each([
    ['A=b', { A: 'b' }],
    ['# c\n; d\n A = b \n', { A: 'b' }],
    ['A="b \\\nc"', { A: 'b c' }],
    ['A=b \\\n c', { A: 'b  c' }],
    [`A='b\\'\\''c'`, { A: "b\\''c'" }],
    ['A="x\\"y\\n$Z"', { A: 'x"y\\n$Z' }],
    ['A="b" "c"', { A: 'bc' }],
    ['export A=b\nB=c', { B: 'c' }],
    ['A=b\r\nB=c\r\n', { A: 'b', B: 'c' }],
    ['A=\nB="two\nlines"', { A: '', B: 'two\nlines' }],
    ['# a comment \\\nA=swallowed\nB=c', { B: 'c' }],
  ])('%j', (text, variables) => expect(Object.fromEntries(parseEnvironmentFile(text))).toEqual(variables));
});
