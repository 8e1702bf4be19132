import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepImage } from '../../../../src/cli/image/kept-image.ts';
import { buildCarrier } from '../../../../src/kubernetes/images/carrier.ts';
import { local, pluginArchive, program, rootFileSystem, sha256 } from '../../kubernetes/images/image-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const name = 'localhost/provision/cni-plugins:0123456789abcdef';

/** Builds the same image each time, and counts. */
async function builder(called = name) {
  const files = { base: local(await rootFileSystem()), plugins: local(await pluginArchive()) };
  const made = { times: 0 };
  const build = () => {
    made.times += 1;
    return buildCarrier(called, files);
  };
  return { made, build };
}

test('an image is built once, and its file and all that is known of it are kept', async () => {
  const folder = join(temporaryFolder(), 'images');
  const { made, build } = await builder();
  const first = await keepImage(folder, name, build);
  const { image, archive, plugins } = await build();
  made.times = 0;
  expect(await keepImage(folder, name, build)).toEqual(first);
  expect(made.times).toBe(0);
  expect(readFileSync(first.path).equals(archive)).toBe(true);
  expect(first).toMatchObject({
    sha256: sha256(archive),
    image: { name, manifest: { digest: image.manifest.digest } },
  });
  expect(first.plugins).toEqual(plugins.map((one) => ({ name: one.name, sha256: sha256(program()) })));
  expect(readdirSync(folder)).toHaveLength(2);
});

test('another name is another file', async () => {
  const folder = temporaryFolder();
  const [one, two] = [`${name}0`, `registry.example/plugins:0123456789abcdef`];
  const first = await keepImage(folder, one, (await builder(one)).build);
  const second = await keepImage(folder, two, (await builder(two)).build);
  expect(second.path).not.toBe(first.path);
  expect(second.image.name).toBe(two);
});

const damages: readonly [string, (path: string) => void][] = [
  ['a file that was cut off', (path) => truncateSync(path, 100)],
  ['a file that somebody wrote to', (path) => utimesSync(path, 1, 1)],
  ['half a record', (path) => truncateSync(`${path}.json`, 20)],
  ['a record of something else', (path) => writeFileSync(`${path}.json`, '{}')],
  [
    'a record of another image',
    (path) => writeFileSync(`${path}.json`, readFileSync(`${path}.json`, 'utf8').replace(name, 'localhost/other:1')),
  ],
];

test.each(damages)('%s is not trusted: the image is built anew', async (_, damage) => {
  const folder = temporaryFolder();
  const { made, build } = await builder();
  const first = await keepImage(folder, name, build);
  damage(first.path);
  expect(await keepImage(folder, name, build)).toEqual(first);
  expect(made.times).toBe(2);
  expect(sha256(readFileSync(first.path))).toBe(first.sha256);
  await keepImage(folder, name, build);
  expect(made.times).toBe(2);
});

test('what cannot be built leaves nothing behind', async () => {
  const folder = temporaryFolder();
  await expect(keepImage(folder, name, () => Promise.reject(new Error('no base')))).rejects.toThrow('no base');
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that cannot be made is told with what to do, before anything is built', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'images'), '');
  const { made, build } = await builder();
  for (const inTheWay of [join(folder, 'images'), join(folder, 'images/more')])
    await expect(keepImage(inTheWay, name, build)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      exitCode: 2,
      what: expect.stringMatching(`^${inTheWay} is no folder to write ${inTheWay}/cni-plugins-.*[.]tar to$`),
      fix: 'Move away the file that is in its place.',
    });
  await expect(keepImage('/sys/images', name, build)).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    what: 'You may not write to the folder /sys/images',
    fix: 'Run provision in a folder of yours.',
  });
  expect(made.times).toBe(0);
});

test('a folder in the place of the image is not written to', async () => {
  const folder = temporaryFolder();
  const { path } = await keepImage(folder, name, (await builder()).build);
  rmSync(path);
  mkdirSync(path);
  await expect(keepImage(folder, name, (await builder()).build)).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    what: `${path} is a folder`,
    fix: 'Move it away; a file of provision goes there.',
  });
});
