import { expect, test } from 'vitest';
import { findCommand, fullName, withCommandsBelow } from '../../../../src/cli/command-line/find-command.ts';
import { commandsWithLimit, leavingOut } from '../../../../src/cli/command-line/leaving-out.ts';
import { createProgram } from '../../../../src/cli/program.ts';

test.each(['network change', 'migrate', 'rebuild', 'reset'])('%s has no --limit, and tells of none', (command) => {
  expect(leavingOut(command, {})).toBeUndefined();
});

test('resume has none, whatever it resumes', () => {
  expect(leavingOut('up', { resumes: '20261123-153817-ef6b' })).toBeUndefined();
});

test('several hosts are left out by one word', () => {
  expect(leavingOut('up', {})?.(['node2', 'node3'])).toBe("--limit '!node2,!node3'");
});

test('those commands have it that the command line says, and nobody else', () => {
  const program = createProgram();
  const have = withCommandsBelow(program).filter((one) => one.options.some(({ long }) => long === '--limit'));
  expect(have.map(fullName).toSorted()).toEqual([...commandsWithLimit, 'plan'].toSorted());
  expect(findCommand(program, ['network', 'change'])?.options.some(({ long }) => long === '--limit')).toBe(false);
});
