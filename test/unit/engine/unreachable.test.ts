import { expect, test } from 'vitest';
import { leavingOut } from '../../../src/cli/command-line/leaving-out.ts';
import { planRun } from '../../../src/engine/plan-run.ts';
import { run } from '../../../src/engine/run.ts';
import { ProvisionError } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/events.ts';
import { request } from '../../contract/operations.ts';

const unreachable = new ProvisionError({
  code: 'HOST_UNREACHABLE',
  kind: 'connection',
  what: 'node2 (root@10.0.0.12) cannot be reached',
  why: 'connect ETIMEDOUT',
  fix: 'Check that the machine is on and that ssh root@10.0.0.12 answers.',
});

/** What is told of a host that is off. */
async function toldBy(
  command: string,
  options: { resumes?: string } = {},
  error = unreachable,
  perform: typeof run | typeof planRun = run,
): Promise<RunEvent | undefined> {
  const node2 = { name: 'node2', address: '10.0.0.12', outsideLimit: false, connect: () => Promise.reject(error) };
  const { request: asked, events } = request([], [], {
    command,
    hosts: [node2],
    leavingOut: leavingOut(command, options),
  });
  expect(await perform(asked)).toBe('failed');
  return events.find(({ type }) => type === 'failure');
}

test.each([run, planRun])('of a host that is off, --limit is told where the command has it: %o', async (perform) => {
  const { code, what, why } = unreachable;
  const fix = "Check that the machine is on and that ssh root@10.0.0.12 answers; --limit '!node2' leaves it out.";
  expect(await toldBy('up', {}, unreachable, perform)).toMatchObject({
    host: 'node2',
    error: { code, what, why, fix, exitCode: 3 },
  });
});

test.each(['network change', 'migrate', 'rebuild', 'reset'])('%s has none, and tells of none', async (command) => {
  expect(await toldBy(command)).toEqual({ type: 'failure', host: 'node2', error: unreachable });
});

test('resume has none, whatever it resumes; other errors stay as they are', async () => {
  expect(await toldBy('up', { resumes: '20261123-153817-ef6b' })).toMatchObject({ error: unreachable });
  const other = new ProvisionError({ code: 'LOGIN_REFUSED', kind: 'connection', what: 'x', fix: 'y.' });
  expect(await toldBy('up', {}, other)).toMatchObject({ error: other });
});
