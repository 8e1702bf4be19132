import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWhole } from '../../../../src/cli/image/write-whole.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const made = { archive: Buffer.from('image') };

/** Writing there, which must not come to making anything. */
const refusal = (path: string): Promise<unknown> =>
  writeWhole(path, async () => expect.unreachable('made for nothing')).catch((error: unknown) => error);

test('a file is written whole, over one that is there', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'x.tar');
  writeFileSync(path, 'before');
  expect(await writeWhole(path, async () => made)).toBe(made);
  expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['x.tar'], 'image']);
});

test('a folder that is not there is named', async () => {
  const folder = join(temporaryFolder(), 'nope');
  expect(await refusal(join(folder, 'x.tar'))).toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    exitCode: 2,
    what: `There is no folder ${folder} to write ${folder}/x.tar to`,
    fix: `Make it with mkdir -p ${folder}, or name a file in a folder that is there.`,
  });
});

test('a file in the place of a folder, and a folder in the place of a file', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  expect(await refusal(join(folder, 'file/x.tar'))).toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    what: `${folder}/file is no folder to write ${folder}/file/x.tar to`,
  });
  expect(await refusal(`${folder}/`)).toMatchObject({
    what: `${folder}/ is a folder`,
    fix: `Name a file: ${folder}/x.tar.`,
  });
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a folder where even root may make no file is told as one without permission', async () => {
  expect(await refusal('/sys/x.tar')).toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    what: 'You may not write to the folder /sys',
    fix: 'Name a file in a folder of yours.',
  });
});

test('content that cannot be made leaves the file that was there, and no other', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'x.tar');
  writeFileSync(path, 'before');
  await expect(writeWhole(path, () => Promise.reject(new Error('no busybox')))).rejects.toThrow('no busybox');
  expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['x.tar'], 'before']);
});
