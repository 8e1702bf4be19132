import { ProvisionError } from '../../errors.ts';
import type { Location } from '../../location.ts';
import { isMap } from '../is-map.ts';
import { processorOf } from './processors.ts';
import { plainName, type ReadMember, readTar, unzipped } from './tar.ts';
import { digestOf } from './write-image.ts';

/** A local file by its content. */
export interface LocalFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly where: Location | string;
}

/** What an image is built upon. */
export interface BaseImage {
  /** Layers as uncompressed archives, the lowest first. */
  readonly layers: readonly Buffer[];
  /** As images call it, amd64 for instance. */
  readonly architecture: string;
}

/** What the init container of templates/flannel.daemonset.yaml.hbs calls. */
const needed = ['sh', 'tar', 'gzip', 'mkdir', 'mv', 'cp', 'rm', 'chmod', 'chown', 'cmp', 'sync'];

const binaryFolders = ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'usr/local/bin', 'usr/local/sbin'];

class Unusable extends Error {}

/** The image or the root file system in a file. Throws CARRIER_BASE_UNUSABLE. */
export async function readBase({ path, bytes, where }: LocalFile): Promise<BaseImage> {
  try {
    const { layers, declared } = await layersOf(await readTar(bytes), bytes);
    const programs = await programsIn(layers);
    const lacking = needed.filter((name) => !programs.has(name));
    if (lacking.length > 0) throw new Unusable(`it has no ${lacking.join(', ')} in ${binaryFolders.join(', ')}`);
    const architecture = declared ?? [...programs.values()].map(processorOf).find((one) => one !== undefined);
    if (architecture === undefined) throw new Unusable('it does not say for which processor it is');
    return { layers, architecture };
  } catch (cause) {
    throw new ProvisionError({
      code: 'CARRIER_BASE_UNUSABLE',
      kind: 'config',
      what: `${path} cannot be the base of an image`,
      where,
      why: (cause as Error).message,
      fix: `Name an image as \`docker save\` writes it, or the root file system of one as .tar or .tgz, with ${needed.join(', ')}: busybox has them all.`,
      cause,
    });
  }
}

interface Layers {
  readonly layers: readonly Buffer[];
  readonly declared: string | undefined;
}

async function layersOf(members: readonly ReadMember[], whole: Buffer): Promise<Layers> {
  if (members.length === 0) throw new Unusable('it is empty');
  const byName = new Map(members.map((member) => [plainName(member.header.name), member]));
  const read = (name: string): Buffer => {
    const member = byName.get(plainName(name));
    if (member?.header.type === 'symlink' && member.header.linkname !== null)
      return read(new URL(member.header.linkname ?? '', `file:///${name}`).pathname);
    if (member === undefined) throw new Unusable(`it names ${name}, which is not in it`);
    return member.content;
  };
  const json = (name: string): unknown => JSON.parse(read(name).toString());
  const blob = (digest: unknown): string => `blobs/${String(digest).replace(':', '/')}`;
  if (byName.has('manifest.json')) return fromDocker(json('manifest.json'), json, read);
  if (byName.has('index.json')) {
    const manifest = await manifestIn(json('index.json'), (digest) => json(blob(digest)));
    return checked(
      json(blob(manifest.config)),
      manifest.layers.map((digest) => read(blob(digest))),
    );
  }
  return { layers: [unzipped(whole)], declared: undefined };
}

function fromDocker(manifests: unknown, json: (name: string) => unknown, read: (name: string) => Buffer): Layers {
  const [first, ...more] = Array.isArray(manifests) ? manifests : [];
  if (!isMap(first) || more.length > 0) throw new Unusable('it holds more than one image, or none');
  const names = Array.isArray(first['Layers']) ? first['Layers'] : [];
  return checked(
    json(String(first['Config'])),
    names.map((name) => read(String(name))),
  );
}

/** The one manifest of an OCI index, also behind an index within. */
async function manifestIn(
  index: unknown,
  json: (digest: unknown) => unknown,
): Promise<{ readonly config: unknown; readonly layers: readonly unknown[] }> {
  const listed = isMap(index) && Array.isArray(index['manifests']) ? index['manifests'].filter(isMap) : [];
  const images = listed.filter(
    ({ annotations }) => !(isMap(annotations) && 'vnd.docker.reference.type' in annotations),
  );
  if (images.length !== 1) throw new Unusable('it holds more than one image, or none');
  const manifest = json(images[0]?.['digest']);
  if (isMap(manifest) && Array.isArray(manifest['manifests'])) return manifestIn(manifest, json);
  if (!isMap(manifest) || !isMap(manifest['config']) || !Array.isArray(manifest['layers']))
    throw new Unusable('it has no manifest of an image');
  return { config: manifest['config']['digest'], layers: manifest['layers'].filter(isMap).map(({ digest }) => digest) };
}

/** What the configuration of the image says its layers are, they have to be. */
function checked(config: unknown, packed: readonly Buffer[]): Layers {
  const layers = packed.map(unzipped);
  const root = isMap(config) && isMap(config['rootfs']) ? config['rootfs']['diff_ids'] : undefined;
  const expected = Array.isArray(root) ? root : [];
  if (expected.length !== layers.length || layers.some((layer, index) => digestOf(layer) !== expected[index]))
    throw new Unusable(
      'its layers are not those that its configuration names: it was changed, or packed in another way',
    );
  const architecture = isMap(config) ? config['architecture'] : undefined;
  return { layers, declared: typeof architecture === 'string' && architecture !== '' ? architecture : undefined };
}

/** By name, what is in the folders of programs once all layers lie on each other; nothing for a link. */
async function programsIn(layers: readonly Buffer[]): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const layer of layers)
    for (const { header, content } of await readTar(layer)) {
      const [, folder = '', name = ''] = /^(.*)\/([^/]+)$/.exec(plainName(header.name)) ?? [];
      if (!binaryFolders.includes(folder) || header.type === 'directory') continue;
      if (name.startsWith('.wh.')) found.delete(name.slice(4));
      else found.set(name, content);
    }
  return found;
}
