import { expect, test } from 'vitest';
import { findCommand } from '../../../../src/cli/command-line/find-command.ts';
import { typedOptions } from '../../../../src/cli/command-line/typed-options.ts';
import { createProgram } from '../../../../src/cli/program.ts';

/** The options of a command, as a journal has them and as they are typed. */
const typed = (command: string, options: Record<string, unknown>): readonly string[] =>
  typedOptions(findCommand(createProgram(), command.split(' '))?.options ?? [], options);

test('what a command has no option for is not typed', () => {
  const recorded = {
    concurrency: 200,
    plan: false,
    yes: true,
    verify: false,
    acceptNewHostKeys: false,
    debug: true,
    recreatePods: false,
    changesAgent: true,
  };
  expect(typed('network change', recorded)).toEqual(['--yes', '--debug']);
  expect(typed('rebuild', { node: 'node2', limit: 'node2', acceptNewHostKey: true })).toEqual([
    '--node node2',
    '--accept-new-host-key',
  ]);
});

test('lists are typed as their option takes them, and words are quoted', () => {
  expect(typed('up', { limit: '!node2', tags: ['cni', 'credential'], concurrency: 5 })).toEqual([
    "--limit '!node2'",
    '--tags cni,credential',
    '--concurrency 5',
  ]);
  expect(typed('roll', { set: ['roll.drain=true', 'roll.batches=[1, 25%]'], concurrency: 50 })).toEqual([
    "--set 'roll.drain=true'",
    "--set 'roll.batches=[1, 25%]'",
  ]);
});

test.each([
  'up --limit !node2 --tags cni,images --verify',
  'network change --yes --concurrency 7 --accept-new-host-keys',
  'reset --node node2 --drain --force',
  'roll --no-drain --set kubelet.flags.max-pods=200',
])('what is typed is read as what was recorded: %s', (line) => {
  const given = line.split(' ');
  const [words, flags] =
    given[0] === 'network' ? [given.slice(0, 2), given.slice(2)] : [given.slice(0, 1), given.slice(1)];
  const read = (options: readonly string[]) => {
    const command = findCommand(createProgram(), words);
    command?.parseOptions([...options]);
    return command?.opts();
  };
  const recorded = read(flags);
  const again = typed(words.join(' '), recorded ?? {}).flatMap((one) =>
    one.split(' ').map((word) => word.replace(/^'(.*)'$/, '$1')),
  );
  expect(again.length).toBeGreaterThan(0);
  expect(read(again)).toEqual(recorded);
});
