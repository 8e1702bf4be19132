import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildCarrier, type CarrierFiles, carrierName } from '../../../../src/kubernetes/images/carrier.ts';
import { plainName, readTar, unzipped } from '../../../../src/kubernetes/images/tar.ts';
import { digestOf, makeImage, packImage } from '../../../../src/kubernetes/images/write-image.ts';
import { shown } from '../../config/shown.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { local, pluginArchive, program, rootFileSystem, sha256 } from './image-files.ts';

const name = 'localhost/provision/cni-plugins:1';
const files = async (more: Partial<CarrierFiles> = {}): Promise<CarrierFiles> => ({
  base: local(await rootFileSystem(), 'base.tar'),
  plugins: local(await pluginArchive(), 'plugins.tgz'),
  ...more,
});
const contentOf = async (archive: Buffer) =>
  new Map((await readTar(archive)).map(({ header, content }) => [plainName(header.name), content]));
const jsonOf = (content: Buffer | undefined) => JSON.parse(String(content));

test('the same files make the same bytes, whenever that is', async () => {
  const first = await buildCarrier(name, await files());
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await buildCarrier(name, await files());
  expect(second.archive.equals(first.archive)).toBe(true);
  expect(first.sha256).toBe(sha256(first.archive));
  // of these files, on every machine: another one means that images in use get another digest, and `format` has to be raised
  const plain = await buildCarrier(name, await files({ plugins: local(await pluginArchive([], { isZipped: false })) }));
  expect(plain.image.manifest.digest).toBe('sha256:2442339d5a292554f32a7205d5f05988d5d95154972d9cdb6579b3488c375560');
});

test('it is docker-archive and OCI layout at once, every part called by its content', async () => {
  const { archive, image } = await buildCarrier(name, await files());
  const content = await contentOf(archive);
  const [docker] = jsonOf(content.get('manifest.json'));
  expect(docker.RepoTags).toEqual([name]);
  const [described] = jsonOf(content.get('index.json')).manifests;
  expect(described.annotations).toEqual({
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': '1',
  });
  expect(described.digest).toBe(image.manifest.digest);
  expect(jsonOf(content.get('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
  const blob = (digest: string): Buffer | undefined => content.get(`blobs/${digest.replace(':', '/')}`);
  const manifest = jsonOf(blob(described.digest));
  const config = jsonOf(blob(manifest.config.digest));
  expect(config).toMatchObject({ architecture: 'amd64', os: 'linux' });
  const layers = manifest.layers.map(({ digest }: { digest: string }) => digest);
  expect(config.rootfs.diff_ids).toEqual(layers);
  expect(docker.Layers.map((path: string) => `sha256:${path.slice('blobs/sha256/'.length)}`)).toEqual(layers);
  for (const [path, bytes] of content)
    if (path.startsWith('blobs/sha256/')) expect(digestOf(bytes)).toBe(`sha256:${path.slice('blobs/sha256/'.length)}`);
});

test('its last layer is the archive of plugins as it is, and flannel where that has a file of its own', async () => {
  const plugins = await pluginArchive([], { without: ['flannel'], isZipped: false });
  const flannel = local(program(), 'flannel');
  const { image, plugins: listed } = await buildCarrier(name, await files({ plugins: local(plugins), flannel }));
  const own = await contentOf(image.parts.at(-1)?.bytes ?? Buffer.alloc(0));
  expect([...own.keys()]).toEqual(['provision', 'provision/flannel', 'provision/plugins.tar']);
  expect(own.get('provision/plugins.tar')?.equals(plugins)).toBe(true);
  expect(listed.map((one) => one.name)).toEqual(['bridge', 'flannel', 'host-local', 'loopback', 'portmap']);
  expect(listed[0]?.sha256).toBe(sha256(program()));
});

test('a file of its own wins over the flannel in the archive', async () => {
  const other = Buffer.concat([program(), Buffer.from('other')]);
  const { plugins } = await buildCarrier(name, await files({ flannel: local(other) }));
  expect(plugins.find((one) => one.name === 'flannel')?.sha256).toBe(sha256(other));
});

test.each(['', 'gzip'])('the base may be the root file system itself %s', async (packed) => {
  const root = await rootFileSystem();
  const { image } = await buildCarrier(name, await files({ base: local(packed ? gzipSync(root) : root) }));
  expect(image.parts[1]?.bytes.equals(root)).toBe(true);
});

test('the base may be an image, as docker save writes it today and did before', async () => {
  const root = await rootFileSystem();
  const image = makeImage('busybox:1', 'arm64', [root]);
  const plugins = local(await pluginArchive([], { machine: 183 }));
  const today = await buildCarrier(name, { base: local(await packImage(image)), plugins });
  expect(jsonOf(today.image.parts[0]?.bytes).architecture).toBe('arm64');
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'layer'));
  writeFileSync(join(folder, 'layer/layer.tar'), root);
  writeFileSync(join(folder, 'config.json'), image.parts[0]?.bytes ?? '');
  const docker = [{ Config: 'config.json', RepoTags: ['busybox:1'], Layers: ['layer/layer.tar'] }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(docker));
  execFileSync('tar', ['-C', folder, '-cf', join(folder, 'before.tar'), 'manifest.json', 'config.json', 'layer']);
  const before = await buildCarrier(name, { base: local(readFileSync(join(folder, 'before.tar'))), plugins });
  expect(before.sha256).toBe(today.sha256);
});

test('layers of a base that were compressed lie in the image as they were before that', async () => {
  const root = await rootFileSystem();
  const members = await readTar(await packImage(makeImage('busybox:1', 'amd64', [root])));
  const { packTar } = await import('../../../../src/kubernetes/images/tar.ts');
  const zipped = await packTar(
    members
      .filter(({ header }) => header.name !== 'index.json')
      .map(({ header, content }) => ({
        name: header.name,
        mode: 0o644,
        ...(header.type === 'file' && { content: content.equals(root) ? gzipSync(content) : content }),
      })),
  );
  const { image } = await buildCarrier(name, await files({ base: local(zipped) }));
  expect(image.parts[1]?.bytes.equals(unzipped(root))).toBe(true);
});

const refusals: readonly [string, () => Promise<Partial<CarrierFiles>>, string][] = [
  [
    'a base without a shell',
    async () => ({ base: local(await rootFileSystem(['sh', 'cmp'])) }),
    'it has no sh, cmp in bin',
  ],
  ['one whose programs lie elsewhere', async () => ({ base: local(await rootFileSystem([], 'opt')) }), 'it has no sh'],
  [
    'a base that is no archive',
    () => Promise.resolve({ base: local(Buffer.alloc(2000, 'x')) }),
    '✖ CARRIER_BASE_UNUSABLE',
  ],
  ['an empty file', () => Promise.resolve({ base: local(Buffer.alloc(0)) }), 'it is empty'],
  ['half a base', async () => ({ base: local((await rootFileSystem()).subarray(0, 1600)) }), '✖ CARRIER_BASE_UNUSABLE'],
  [
    'a base whose layers are not its own',
    async () => {
      const [config, ...layers] = makeImage('a:1', 'amd64', [await rootFileSystem(['sync'])]).parts;
      const other = { ...makeImage('a:1', 'amd64', [await rootFileSystem()]), parts: [] };
      const manifest = makeImage('a:1', 'amd64', []).manifest;
      if (!config || layers.length === 0) throw new Error('no parts');
      const real = makeImage('a:1', 'amd64', [await rootFileSystem()]).parts[1];
      if (!real) throw new Error('no layer');
      return { base: local(await packImage({ ...other, manifest, parts: [config, real] })) };
    },
    'its layers are not those',
  ],
  [
    'plugins for another processor',
    async () => ({ plugins: local(await pluginArchive([], { machine: 183 })) }),
    'bridge is for arm64, and the base of its image for amd64',
  ],
  [
    'plugins without flannel',
    async () => ({ plugins: local(await pluginArchive([], { without: ['flannel'] })) }),
    'has no flannel',
  ],
  [
    'plugins that are no archive',
    () => Promise.resolve({ plugins: local(Buffer.from([0x1f, 0x8b, 8, 0])) }),
    '✖ ARCHIVE_BROKEN',
  ],
  [
    'plugins that leave the directory',
    async () => ({ plugins: local(await pluginArchive([{ name: '../evil', mode: 0o755, content: program() }])) }),
    'holds ../evil, which leaves the directory',
  ],
  [
    'plugins deeper down',
    async () => ({ plugins: local(await pluginArchive([{ name: 'a/b', mode: 0o755, content: program() }])) }),
    'holds a/b, which is not a plain file name',
  ],
  [
    'a link among them',
    async () => ({ plugins: local(await pluginArchive([{ name: 'x', mode: 0o777, linksTo: '/etc/passwd' }])) }),
    'holds x, which is no plain file',
  ],
];

test.each(refusals)('%s is refused', async (_, more, expected) => {
  const error = await buildCarrier(name, await files(await more())).catch((thrown: unknown) => thrown);
  expect(shown(error)).toContain(expected);
});

test('the tag is another one for other files', () => {
  const digests = { base: 'a', plugins: 'b', flannel: undefined };
  const image = 'localhost/provision/cni-plugins';
  const first = carrierName(image, undefined, digests);
  expect(first).toMatch(/^localhost\/provision\/cni-plugins:[0-9a-f]{16}$/);
  expect(carrierName(image, undefined, { ...digests })).toBe(first);
  for (const other of [{ base: 'c' }, { plugins: 'c' }, { flannel: 'c' }])
    expect(carrierName(image, undefined, { ...digests, ...other })).not.toBe(first);
  expect(carrierName(image, 'r.example:5000/team', digests)).toBe(first.replace('localhost', 'r.example:5000/team'));
});
