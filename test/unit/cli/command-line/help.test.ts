import { expect, test } from 'vitest';
import { explainOperation } from '../../../../src/cli/command-line/help.ts';

const linesOf = (name: string): readonly string[] => explainOperation(name)?.split('\n') ?? [];

test('an operation on hosts: what is there afterwards, then its keys', () => {
  expect(linesOf('directory').slice(0, 4)).toEqual([
    'directory, on hosts',
    '  the host has afterwards: a directory with this mode and owner',
    '',
    '  path (required): string',
  ]);
});

test('an operation on the cluster: when it is done; one without keys says so', () => {
  expect(explainOperation('uncordon')).toBe(`uncordon, on the cluster
  done when: Nodes that a run has cordoned take pods again, but for those that were cordoned before

  It has no keys.
`);
});

test('there is no page of what is no operation', () => {
  expect(explainOperation('up')).toBeUndefined();
});
