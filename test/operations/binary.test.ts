import { expect, test } from 'vitest';
import { binary } from '../../src/operations/files/binary.ts';
import { changesOf } from './case.ts';

const sha256 = 'a'.repeat(64);
const path = '/opt/cni/bin/flannel';
const artifact = { path: 'flannel', sha256 };
const there = ['kind file', 'mode 755 root:root', `sum ${sha256}`, 'version v1.2.3', 'usable yes'];
const other = there.map((line) => (line.startsWith('sum') ? `sum ${'b'.repeat(64)}` : line));

test.each<[string, object, readonly string[], readonly string[]]>([
  ['the same', { artifact }, there, []],
  ['none', { artifact }, ['kind absent'], [`${path}: install flannel`]],
  ['another one', { artifact }, other, [`${path}: replace by flannel`]],
  ['a link in its place', { artifact }, ['kind link', 'usable yes'], [`${path}: replace by flannel`]],
  [
    'another mode',
    { artifact },
    ['kind file', 'mode 700 root:root', ...there.slice(2)],
    [`${path}: 0700 root:root → 0755 root:root`],
  ],
  ['the right version, with a v or without', { artifact: { ...artifact, version: '1.2.3' } }, there, []],
  [
    'the right file of a version that the inventory has wrong',
    { artifact: { ...artifact, version: '1.2.4' } },
    there,
    ['VERSION_DIFFERS'],
  ],
  ['nothing to put there, and there', {}, other, []],
  ['nothing to put there, and an archive brings it', { bundled: ['flannel'] }, ['kind absent'], []],
  [
    'nothing that brings it',
    { bundled: ['bridge'], setting: 'artifacts.flannel_cni_plugin' },
    ['kind absent'],
    ['PROGRAM_MISSING'],
  ],
])('%s', (_, more, output, expected) => {
  expect(changesOf(binary, { path, ...more }, output.join('\n'))).toEqual(expected);
});

test('what is missing is said with the setting that would name it', () => {
  const desired = binary.schema.parse({ path, setting: 'artifacts.flannel_cni_plugin' });
  const look = () => binary.diff(binary.parse('kind absent', desired), desired, { files: new Map() });
  expect(look).toThrow(expect.objectContaining({ fix: expect.stringContaining('artifacts.flannel_cni_plugin') }));
});
