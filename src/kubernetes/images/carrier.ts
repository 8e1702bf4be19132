import { createHash } from 'node:crypto';
import { ProvisionError } from '../../errors.ts';
import { type LocalFile, readBase } from './base-image.ts';
import { atRegistry } from './image-name.ts';
import { type PluginFile, readPluginFiles } from './plugin-archive.ts';
import { isGzip, packTar } from './tar.ts';
import { type Image, makeImage, packImage } from './write-image.ts';

/** The files that an image with CNI plugins is made of. */
export interface CarrierFiles {
  readonly base: LocalFile;
  readonly plugins: LocalFile;
  /** The plugin of flannel, where it has a file of its own. */
  readonly flannel?: LocalFile | undefined;
}

/** The SHA-256 of each. */
export type CarrierDigests = { readonly [Name in keyof CarrierFiles]: string | undefined };

export interface Carrier {
  readonly image: Image;
  /** It as one file. */
  readonly archive: Buffer;
  readonly sha256: string;
  /** What it puts on a node. */
  readonly plugins: readonly PluginFile[];
}

/** Another number where other bytes are made of the same files. */
const format = 1;

/** With a tag that is another one for other files: pods of a new one take the place of those before. */
export function carrierName(name: string, registry: string | undefined, { base, plugins, flannel }: CarrierDigests) {
  const inputs = JSON.stringify([format, base, plugins, flannel ?? null]);
  const tag = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  return `${atRegistry(name, registry)}:${tag}`;
}

/** An image of a base and one more layer: the archive of CNI plugins as it is. The same files make the same bytes. */
export async function buildCarrier(name: string, { base, plugins, flannel }: CarrierFiles): Promise<Carrier> {
  const { layers, architecture } = await readBase(base);
  const files = await readPluginFiles(plugins, flannel);
  const other = files.find(({ processor }) => processor !== undefined && processor !== architecture);
  if (other !== undefined)
    throw new ProvisionError({
      code: 'ARCHITECTURE_DIFFERS',
      kind: 'config',
      what: `the plugin ${other.name} is for ${other.processor}, and the base of its image for ${architecture}`,
      where: plugins.where,
      fix: 'Name files for the processor of the nodes.',
    });
  const own = await packTar([
    { name: 'provision', mode: 0o755 },
    ...(flannel ? [{ name: 'provision/flannel', mode: 0o755, content: flannel.bytes }] : []),
    { name: `provision/plugins.${isGzip(plugins.bytes) ? 'tgz' : 'tar'}`, mode: 0o644, content: plugins.bytes },
  ]);
  const image = makeImage(name, architecture, [...layers, own]);
  const archive = await packImage(image);
  return { image, archive, sha256: createHash('sha256').update(archive).digest('hex'), plugins: files };
}
