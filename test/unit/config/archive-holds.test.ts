import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { archiveHolds } from '../../../src/config/archive-holds.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function pack(options: string, ...files: readonly (readonly [name: string, bytes: number])[]): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'in', 'bin'), { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, 'in', name), Buffer.alloc(bytes, 7));
  execFileSync('tar', [options, join(folder, 'archive'), '-C', join(folder, 'in'), '.']);
  return join(folder, 'archive');
}

test.each(['-czf', '-cf'])('names are found whatever lies before them (tar %s)', async (options) => {
  const archive = pack(options, ['bridge', 3_000_000], ['empty', 0], ['bin/flannel', 1_500_513], ['loopback', 12]);
  for (const name of ['bridge', 'empty', 'flannel', 'loopback']) expect(await archiveHolds(archive, name)).toBe(true);
  for (const name of ['bin', 'flanne', 'flannel2']) expect(await archiveHolds(archive, name)).toBe(false);
});

test('what is no archive, or only the beginning of one, holds nothing', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'cut'), Buffer.from([0x1f, 0x8b, 8, 0]));
  writeFileSync(join(folder, 'text'), 'flannel');
  expect(await archiveHolds(join(folder, 'cut'), 'flannel')).toBe(false);
  expect(await archiveHolds(join(folder, 'text'), 'flannel')).toBe(false);
});
