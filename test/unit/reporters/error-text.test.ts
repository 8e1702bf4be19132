import { expect, test } from 'vitest';
import { ProvisionError, ProvisionErrors } from '../../../src/errors.ts';
import { formatError, formatFailure } from '../../../src/reporters/error-text.ts';
import { failure } from './recorded-run.ts';

const misspelt = new ProvisionError({
  code: 'CONFIG_INVALID',
  kind: 'config',
  what: 'Unrecognized key: "mod" (did you mean "mode"?)',
  where: {
    file: 'playbooks/bad.yaml',
    line: 6,
    column: 38,
    text: '        directory: { path: /opt/cni, mod: "0750" }',
  },
});

test('a mistake in a file is shown with a caret', () => {
  expect(formatError(misspelt, { color: false })).toBe(
    `
✖ CONFIG_INVALID  playbooks/bad.yaml:6:38
  Unrecognized key: "mod" (did you mean "mode"?)
    6 |         directory: { path: /opt/cni, mod: "0750" }
      |                                      ^`.slice(1),
  );
});

test('the evidence is indented, and what to do next comes last', () => {
  if (failure.type !== 'failure') throw new Error('not a failure');
  expect(formatFailure(failure, false)).toBe(
    `
✖ TASK_FAILED  node2, CNI plugins
  node2: 'CNI plugins are unpacked' failed
    tar: write error: No space left on device
    tar: Exiting with failure status
  → Make room and run again.`.slice(1),
  );
});

test('several mistakes are told one after another', () => {
  const bare = new ProvisionError({ code: 'HOST_UNKNOWN', kind: 'config', what: 'no such host', where: 'node9' });
  expect(formatError(new ProvisionErrors([bare, bare]), { color: false })).toBe(
    '✖ HOST_UNKNOWN  node9\n  no such host\n\n✖ HOST_UNKNOWN  node9\n  no such host',
  );
});

test('the caret keeps the tabs before it', () => {
  const where = { file: 'a.yaml', line: 10, column: 3, text: '\tx: 1' };
  const error = new ProvisionError({ code: 'CONFIG_INVALID', kind: 'config', what: 'no', where, fix: 'Say\nyes.' });
  expect(formatError(error, { color: false })).toBe(
    '✖ CONFIG_INVALID  a.yaml:10:3\n  no\n    10 | \tx: 1\n       | \t ^\n  → Say\n    yes.',
  );
});
