import { createHash } from 'node:crypto';
import { type Member, packTar } from './tar.ts';

/** A part of an image, by content. */
export interface Blob {
  /** sha256:… */
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Enough to tell whether a registry has an image. */
export interface ImageReference {
  /** HOST/PATH:TAG. */
  readonly name: string;
  readonly manifest: Pick<Blob, 'digest' | 'mediaType'>;
}

export interface Image extends ImageReference {
  readonly manifest: Blob;
  /** Configuration and layers. */
  readonly parts: readonly Blob[];
}

/** The media types of the Image Format Specification of OCI. */
const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

const beginning = '1970-01-01T00:00:00Z';
const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const asBlob = (mediaType: string, content: Buffer | object): Blob => {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  return { digest: digestOf(bytes), mediaType, bytes };
};

const describe = ({ mediaType, digest, bytes }: Blob) => ({ mediaType, digest, size: bytes.length });

/** An image of layers as they are, uncompressed: compressors differ from release to release, and so would its digest. */
export function makeImage(name: string, architecture: string, layers: readonly Buffer[]): Image {
  const packed = layers.map((layer) => asBlob(types.layer, layer));
  const config = asBlob(types.config, {
    created: beginning,
    architecture,
    os: 'linux',
    config: { Env: [searchPath], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: packed.map(({ digest }) => digest) },
    history: packed.map(() => ({ created: beginning, created_by: 'provision' })),
  });
  const manifest = asBlob(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(config),
    layers: packed.map(describe),
  });
  return { name, manifest, parts: [config, ...packed] };
}

/** One file that is docker-archive and OCI layout at once, as `docker save` writes it. */
export async function packImage({ name, manifest, parts }: Image): Promise<Buffer> {
  const place = ({ digest }: Blob): string => `blobs/${digest.replace(':', '/')}`;
  const [config, ...layers] = parts;
  if (config === undefined) throw new TypeError('an image has a configuration');
  const index = {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [
      {
        ...describe(manifest),
        annotations: {
          'io.containerd.image.name': name,
          'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
        },
      },
    ],
  };
  const text = (of: object): Buffer => Buffer.from(JSON.stringify(of));
  const blobs = [...new Map([manifest, ...parts].map((blob) => [place(blob), blob.bytes]))].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const file = (path: string, content: Buffer): Member => ({ name: path, mode: 0o644, content });
  return packTar([
    { name: 'blobs', mode: 0o755 },
    { name: 'blobs/sha256', mode: 0o755 },
    ...blobs.map(([path, content]) => file(path, content)),
    file('index.json', text(index)),
    file('manifest.json', text([{ Config: place(config), RepoTags: [name], Layers: layers.map(place) }])),
    file('oci-layout', text({ imageLayoutVersion: '1.0.0' })),
  ]);
}
