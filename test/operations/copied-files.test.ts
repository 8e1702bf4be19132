import { expect, test } from 'vitest';
import { copiedFiles } from '../../src/operations/files/copied-files.ts';
import { base64, changesOf } from './case.ts';

const [right, other] = ['a'.repeat(64), 'b'.repeat(64)];
const wish = {
  host: 'cp1',
  files: [
    { path: '/ssl/ca.pem', source: '/ssl/ca.pem', sha256: right, mode: '644' },
    { path: '/ssl/sa.pem', source: '/pki/sa.key', sha256: right, mode: '600' },
  ],
};
const seen = (mode: string, hash: string) => `file ${mode} 0 root 0 root ${hash} -\n`;
const absent = 'absent - - - - - - -\n';

test('files are those of the other host, or copied', () => {
  expect(changesOf(copiedFiles, wish, seen('644', right) + seen('600', right))).toEqual([]);
  expect(changesOf(copiedFiles, wish, absent + seen('600', other))).toEqual([
    '/ssl/ca.pem: copy, as it is on cp1',
    '/ssl/sa.pem: replace, as it is on cp1: /pki/sa.key',
  ]);
  expect(changesOf(copiedFiles, wish, seen('600', right) + seen('600', right))).toEqual([
    '/ssl/ca.pem: mode 0600 → 0644',
  ]);
});

test('only what is of another content is asked for', () => {
  const desired = copiedFiles.schema.parse(wish);
  const actual = copiedFiles.parse(seen('600', right) + absent, desired);
  expect(copiedFiles.copying?.source(desired, actual)).toEqual({
    host: 'cp1',
    files: [{ path: '/pki/sa.key', sha256: right }],
  });
  const script = copiedFiles.copying?.finish(desired, actual, [base64('key')]).source ?? '';
  expect(script).toContain('/ssl/sa.pem');
  expect(script).not.toContain('/ssl/ca.pem');
});
