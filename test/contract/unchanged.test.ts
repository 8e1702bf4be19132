import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFailure } from '../../src/operations/failure.ts';
import { digest, parseFile, publicFile, replaceSeen } from '../../src/operations/files/managed-file.ts';
import { prelude } from '../../src/operations/prelude.ts';

const folder = mkdtempSync(join(tmpdir(), 'provision-unchanged-'));
const path = join(folder, 'config.toml');
const seen = parseFile(`file 644 0 root 0 root ${digest('seen')} -`);
const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const wanted = { ...publicFile(path, 'wanted'), owner: String(uid), group: String(gid) };

function replace(content: string) {
  writeFileSync(path, content);
  const script = `${prelude.source}\nset -eu\n${replaceSeen(seen, wanted).source}`;
  const environment = { ...process.env, PROVISION_UNDO: mkdtempSync(join(folder, 'undo-')), PROVISION_RUN: 'r1' };
  return spawnSync('sh', ['-c', script], { env: environment, encoding: 'utf8' });
}

test('a file that is as it was seen is replaced, and one that is as wanted stays', () => {
  for (const content of ['seen', 'wanted']) {
    const { status, stderr } = replace(content);
    expect([status, stderr]).toEqual([0, '']);
    expect(readFileSync(path, 'utf8')).toBe('wanted');
  }
});

test('a file that somebody changed meanwhile is left', () => {
  const { status, stderr } = replace('changed');
  expect([status, readFailure(stderr)?.code]).toEqual([1, 'CHANGED_MEANWHILE']);
  expect(readFileSync(path, 'utf8')).toBe('changed');
});
