import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inventory } from '../../config/host.ts';
import { artifactCorrupt } from '../../config/local-files.ts';
import type { LocalFile } from '../../kubernetes/images/base-image.ts';
import { buildCarrier, type Carrier, carrierName } from '../../kubernetes/images/carrier.ts';
import { type ImageDescription, keepImage } from './kept-image.ts';

/** The image that brings CNI plugins to nodes, as a file on this machine. */
export interface CarrierFile extends ImageDescription {
  readonly path: string;
  readonly isPushed: boolean;
  /** Makes it anew of its files, with all its parts. */
  build(): Promise<Carrier>;
}

export const imagesFolder = (): string => join(process.cwd(), '.provision/images');

/** Its name, and how it is built of the files of the inventory, which are those that it means; undefined where plugins are sent to hosts. Building throws what is wrong with them. */
export function carrierOf(inventory: Inventory): { readonly name: string; build(): Promise<Carrier> } | undefined {
  const { cni, images } = inventory.settings;
  if (cni.delivery !== 'init-container') return undefined;
  const node = inventory.hosts.find(({ name }) => inventory.groups.get('nodes')?.includes(name)) ?? inventory;
  const { artifacts } = node.settings;
  const { carrier_base: base, cni_plugins: plugins, flannel_cni_plugin: flannel } = artifacts;
  if (base === undefined || plugins === undefined)
    throw new TypeError('an inventory without base and plugins was refused before');
  /** What it is called says what it is made of, so a file that was replaced since it was checked must not get in. */
  const read = async (
    { path, sha256 }: { readonly path: string; readonly sha256: string },
    name: keyof typeof artifacts,
  ): Promise<LocalFile> => {
    const bytes = await readFile(path);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw artifactCorrupt(path, node.locate(['artifacts', name, 'sha256']), sha256, found);
    return { path, bytes, where: node.locate(['artifacts', name, 'path']) };
  };
  const name = carrierName(cni.carrier.name, images.registry, {
    base: base.sha256,
    plugins: plugins.sha256,
    flannel: flannel?.sha256,
  });
  return {
    name,
    build: async () =>
      buildCarrier(name, {
        base: await read(base, 'carrier_base'),
        plugins: await read(plugins, 'cni_plugins'),
        flannel: flannel && (await read(flannel, 'flannel_cni_plugin')),
      }),
  };
}

/** The same as a file that is kept, and built only where it is not there yet. */
export async function keepCarrier(inventory: Inventory): Promise<CarrierFile | undefined> {
  const carrier = carrierOf(inventory);
  if (carrier === undefined) return undefined;
  const { name, build } = carrier;
  return {
    ...(await keepImage(imagesFolder(), name, build)),
    isPushed: inventory.settings.cni.carrier.push,
    build,
  };
}
