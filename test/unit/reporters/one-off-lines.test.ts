import { expect, test } from 'vitest';
import { formatOneOffs } from '../../../src/reporters/one-off-lines.ts';

const setting = {
  set: 'kubelet.flags.max-pods=200',
  path: ['kubelet', 'flags', 'max-pods'],
  value: 200,
  hosts: ['node1', 'node2'],
  written: ['i.yaml:5:25'],
  lines: 'all:\n  vars:\n    kubelet:\n      flags:\n        max-pods: 200',
};
const textOf = (changed: object) =>
  formatOneOffs({ type: 'one-off-settings', inventory: 'i.yaml', settings: [{ ...setting, ...changed }] }).join('\n');

test('where to write a one-off setting that is to be kept', () => {
  expect(textOf({})).toMatchInlineSnapshot(`
    "
    --set kubelet.flags.max-pods=200 is for this run alone: the next provision up, or roll without it, takes it back.
    To keep it, write max-pods: 200 at i.yaml:5:25, and write into i.yaml for the other hosts:
        all:
          vars:
            kubelet:
              flags:
                max-pods: 200"
  `);
  expect(textOf({ written: [] })).toContain('\nTo keep it, write into i.yaml:\n    all:\n      vars:\n');
  expect(textOf({ lines: '' })).toMatch(/\nTo keep it, write max-pods: 200 at i\.yaml:5:25$/);
  expect(textOf({ set: 'kubelet.flags.max-pods=null', value: null, lines: '' })).toMatch(
    /\nTo keep it, take it out at i\.yaml:5:25$/,
  );
});
