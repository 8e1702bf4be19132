import { expect, test } from 'vitest';
import { findCommand, fullName, withCommandsBelow } from '../../../../src/cli/command-line/find-command.ts';
import { commandsWithLimit, leavingOut, withLimitHint } from '../../../../src/cli/command-line/limit-hint.ts';
import { createProgram } from '../../../../src/cli/program.ts';
import { ProvisionError } from '../../../../src/errors.ts';
import type { RunEvent } from '../../../../src/events.ts';

const unreachable = new ProvisionError({
  code: 'HOST_UNREACHABLE',
  kind: 'connection',
  what: 'node2 (root@10.0.0.12) cannot be reached',
  why: 'connect ETIMEDOUT',
  fix: 'Check that the machine is on and that ssh root@10.0.0.12 answers.',
});

/** What is told of a host that is off. */
function toldBy(command: string, options: { resumes?: string } = {}, error = unreachable): RunEvent | undefined {
  const told: RunEvent[] = [];
  withLimitHint(command, options, (event) => told.push(event))({ type: 'failure', host: 'node2', error });
  return told[0];
}

test('of a host that is off, --limit is told where the command has it', () => {
  const { code, what, why } = unreachable;
  const fix = "Check that the machine is on and that ssh root@10.0.0.12 answers; --limit '!node2' leaves it out.";
  expect(toldBy('up')).toMatchObject({ host: 'node2', error: { code, what, why, fix, exitCode: 3 } });
});

test.each(['network change', 'migrate', 'rebuild', 'reset'])('%s has none, and tells of none', (command) => {
  expect(toldBy(command)).toEqual({ type: 'failure', host: 'node2', error: unreachable });
});

test('resume has none, whatever it resumes; other errors stay as they are', () => {
  expect(toldBy('up', { resumes: '20261123-153817-ef6b' })).toMatchObject({ error: unreachable });
  const other = new ProvisionError({ code: 'LOGIN_REFUSED', kind: 'connection', what: 'x', fix: 'y.' });
  expect(toldBy('up', {}, other)).toMatchObject({ error: other });
});

test('several hosts are left out by one word', () => {
  expect(leavingOut('up', {})?.(['node2', 'node3'])).toBe("--limit '!node2,!node3'");
  expect(leavingOut('network change', {})).toBeUndefined();
});

test('those commands have it that the command line says, and nobody else', () => {
  const program = createProgram();
  const have = withCommandsBelow(program).filter((one) => one.options.some(({ long }) => long === '--limit'));
  expect(have.map(fullName).toSorted()).toEqual([...commandsWithLimit, 'plan'].toSorted());
  expect(findCommand(program, ['network', 'change'])?.options.some(({ long }) => long === '--limit')).toBe(false);
});
