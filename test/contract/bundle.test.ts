import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../unit/temporary-folder.ts';

const builder = `import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('dist', { recursive: true });
writeFileSync('dist/main.js', 'console.log("ran");');
`;

test('that the sources are bundled is said on standard error, and only when they are', () => {
  const folder = temporaryFolder();
  copyFileSync(join(import.meta.dirname, '../../provision'), join(folder, 'provision'));
  for (const name of ['src', 'node_modules']) mkdirSync(join(folder, name));
  const files = { 'package.json': '{ "type": "module" }', 'build.js': builder, 'src/a.ts': '' };
  for (const [name, text] of Object.entries({ ...files, 'node_modules/.package-lock.json': '{}' }))
    writeFileSync(join(folder, name), text);
  const start = () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'provision')], { encoding: 'utf8' });
    return { stdout, stderr, status };
  };
  const told = 'provision: bundling its sources into dist/, which takes some seconds\n';
  expect(start()).toEqual({ stdout: 'ran\n', stderr: told, status: 0 });
  expect(start()).toEqual({ stdout: 'ran\n', stderr: '', status: 0 });
  const later = new Date(Date.now() + 10_000);
  utimesSync(join(folder, 'src/a.ts'), later, later);
  expect(start()).toEqual({ stdout: 'ran\n', stderr: told, status: 0 });
});
