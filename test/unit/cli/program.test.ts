import { CommanderError } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { findCommand } from '../../../src/cli/command-line/find-command.ts';
import { createProgram } from '../../../src/cli/program.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a command line writes, and the code that it ends with of itself. */
async function typed(...words: string[]): Promise<{ out: string; error: string; code?: number }> {
  const [out, error]: [string[], string[]] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => error.push(String(text)) > 0);
  try {
    await createProgram().parseAsync(words, { from: 'user' });
    return { out: out.join(''), error: '' };
  } catch (ended) {
    if (ended instanceof CommanderError) return { out: '', error: error.join(''), code: ended.exitCode };
    throw ended;
  } finally {
    vi.restoreAllMocks();
  }
}

const helpOf = (...words: string[]): string => {
  const text: string[] = [];
  findCommand(createProgram(), words)
    ?.configureOutput({ writeOut: (part) => void text.push(part) })
    .outputHelp();
  return text.join('');
};

test.each([
  ['network foo', "error: unknown command 'foo'", '(provision network --help lists commands and options)'],
  [
    'network change',
    "error: missing required argument 'inventory'",
    '(provision network change --help lists arguments and options)',
  ],
  [
    'image',
    "error: required option '--output <file>' not specified",
    '(provision image --help lists arguments and options)',
  ],
  [
    'image x',
    "error: required option '--output <file>' not specified",
    '(provision image --help lists arguments and options)',
  ],
  ['up x --nope', "error: unknown option '--nope'", '(provision up --help lists arguments and options)'],
  ['nope', "error: unknown command 'nope'", '(provision --help lists commands and options)'],
])('%s points to the help of that command', async (line, first, last) => {
  const { error, code } = await typed(...line.split(' '));
  const lines = error.trimEnd().split('\n');
  expect([lines.at(0), lines.at(-1), code]).toEqual([first, last, 1]);
});

test('help of a command below another one', async () => {
  const { out } = await typed('help', 'network', 'change');
  expect(out).toBe(helpOf('network', 'change'));
  expect(out).toMatch(/^Usage: provision network change \[options\] <inventory>\n/);
});

test('help of a command with commands below it names them, and where more is', async () => {
  const { out } = await typed('help', 'network');
  expect(out).toMatch(/^ {2}change \[options\] <inventory> /m);
  expect(out).toMatch(/\nMore of one of them: provision network change --help\n$/);
});

test('help without a topic is that of all', async () => {
  expect((await typed('help')).out).toBe(helpOf());
});

test('help of something that is none is an error', async () => {
  await expect(typed('help', 'network', 'nope')).rejects.toMatchObject({
    code: 'UNKNOWN_TOPIC',
    what: 'there is no command or operation "network nope"',
  });
});

test('the help of image says what it needs, and how it ends', () => {
  const help = helpOf('image');
  expect(help).toContain('required: where it goes');
  expect(help).toContain('cni.delivery: init-container');
  expect(help).toContain('artifacts.carrier_base');
  expect(help).toContain('  ./provision image inventory.yaml --output plugins.tar ');
  expect(help).toContain('Exit code: 0 the file is written; 2 for errors.');
});

test.each(['rebuild', 'reset'])('the help of %s says that it needs a node', (command) => {
  expect(helpOf(command).replaceAll(/\s+/g, ' ')).toContain(
    '--node <name> required: which one, a host of the inventory',
  );
});

test('the help of network change says how to go on, how to go back, and that nobody is left out', () => {
  const help = helpOf('network', 'change').replaceAll(/\s+/g, ' ');
  expect(help).toContain('All hosts change together, so there is no --limit.');
  expect(help).toContain('goes on with ./provision resume; ./provision undo brings back what was there before');
});

test('the help of undo says to look first, since it asks nothing', () => {
  const help = helpOf('undo');
  expect(help).toContain('It asks no question, so look first:\n  ./provision undo --plan ');
  expect(help).toContain('2 something to do, 1 and 3 to 5 for errors.');
  expect(help).not.toContain('--yes');
});
