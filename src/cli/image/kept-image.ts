import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Carrier } from '../../kubernetes/images/carrier.ts';
import { writeWhole } from './write-whole.ts';

/** All that is to be known of an image without reading it. */
const description = z.object({
  image: z.object({ name: z.string(), manifest: z.object({ digest: z.string(), mediaType: z.string() }) }),
  /** Of its file. */
  sha256: z.string(),
  /** What it puts on a node. */
  plugins: z.array(z.object({ name: z.string(), sha256: z.string() })),
});

export type ImageDescription = z.output<typeof description>;

/** The file as it was when it was written: another size is a piece of it, another time means that somebody wrote to it. */
const record = description.extend({ size: z.number(), mtimeMs: z.number() });

/** The image of that name, whose tag says what it is made of, as a file of a folder; built where the folder has it not, or not whole. Throws OUTPUT_UNWRITABLE. */
export async function keepImage(
  folder: string,
  name: string,
  build: () => Promise<Carrier>,
): Promise<ImageDescription & { readonly path: string }> {
  const digest = createHash('sha256').update(name).digest('hex');
  const path = join(folder, `cni-plugins-${digest.slice(0, 16)}.tar`);
  const known = await readKept(path);
  if (known?.image.name === name) return { ...known, path };
  const { image, sha256, plugins } = await writeWhole(path, build, 'own');
  const { digest: manifest, mediaType } = image.manifest;
  const described = {
    image: { name: image.name, manifest: { digest: manifest, mediaType } },
    sha256,
    plugins: plugins.map((one) => ({ name: one.name, sha256: one.sha256 })),
  };
  const { size, mtimeMs } = await stat(path);
  await writeWhole(recordOf(path), async () => Buffer.from(JSON.stringify({ ...described, size, mtimeMs })), 'own');
  return { ...described, path };
}

const recordOf = (path: string): string => `${path}.json`;

/** Undefined where one of the two files is missing, broken, or of another one. */
async function readKept(path: string): Promise<ImageDescription | undefined> {
  try {
    const { size, mtimeMs, ...described } = record.parse(JSON.parse(await readFile(recordOf(path), 'utf8')));
    const found = await stat(path);
    return found.size === size && found.mtimeMs === mtimeMs ? described : undefined;
  } catch {
    return undefined;
  }
}
