import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { copyFiles } from '../../../src/engine/copy-files.ts';
import type { Host } from '../../../src/engine/host.ts';

const key = '-----BEGIN PRIVATE KEY-----\nabcdefghijkl\n-----END PRIVATE KEY-----\n';
const certificate = '-----BEGIN CERTIFICATE-----\nmnopqrstuvwx\n-----END CERTIFICATE-----\n';
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

const hostWith = (contents: readonly string[], code = 0): ReadonlyMap<string, Pick<Host, 'trip'>> =>
  new Map([
    [
      'cp1',
      {
        trip: async ({ items }) =>
          new Map(
            items.map(({ id }, index) => {
              const stdout = Buffer.from(contents[index] ?? '').toString('base64');
              return [id, { id, stdout, stderr: code === 0 ? '' : 'gone', code }];
            }),
          ),
      },
    ],
  ]);

const wanted = {
  host: 'cp1',
  files: [key, certificate].map((text, index) => ({ path: `/${index}`, sha256: sha256Of(text) })),
};

test('files come as they are, and keys are hidden', async () => {
  const hidden: string[] = [];
  const contents = await copyFiles(wanted, hostWith([key, certificate]), (secret) => void hidden.push(secret));
  expect(contents.map((content) => Buffer.from(content, 'base64').toString())).toEqual([key, certificate]);
  expect(hidden).toEqual([key]);
});

test('one that is another one, or is not there, is not copied', async () => {
  const hide = () => {};
  await expect(copyFiles(wanted, hostWith([key, key]), hide)).rejects.toMatchObject({ code: 'COPY_DIFFERS' });
  await expect(copyFiles(wanted, hostWith([key], 1), hide)).rejects.toMatchObject({
    code: 'COPY_UNREADABLE',
    why: 'gone',
  });
  await expect(copyFiles(wanted, new Map(), hide)).rejects.toMatchObject({ code: 'COPY_UNREADABLE' });
});
