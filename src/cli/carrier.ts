import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inventory } from '../config/host.ts';
import type { LocalFile } from '../kubernetes/images/base-image.ts';
import { buildCarrier, type Carrier, carrierName } from '../kubernetes/images/carrier.ts';

/** The image that brings CNI plugins to nodes, as a file on this machine. */
export interface CarrierFile extends Omit<Carrier, 'archive'> {
  readonly path: string;
  readonly isPushed: boolean;
}

export const imagesFolder = (): string => join(process.cwd(), '.provision/images');

/** Built of the files of the inventory, which are those that it means; undefined where plugins are sent to hosts. Throws what is wrong with them. */
export async function makeCarrier(inventory: Inventory): Promise<Carrier | undefined> {
  const { cni, images } = inventory.settings;
  if (cni.delivery !== 'init-container') return undefined;
  const node = inventory.hosts.find(({ name }) => inventory.groups.get('nodes')?.includes(name)) ?? inventory;
  const { artifacts } = node.settings;
  const { carrier_base: base, cni_plugins: plugins, flannel_cni_plugin: flannel } = artifacts;
  if (base === undefined || plugins === undefined)
    throw new TypeError('an inventory without base and plugins was refused before');
  const read = async ({ path }: { readonly path: string }, name: keyof typeof artifacts): Promise<LocalFile> => ({
    path,
    bytes: await readFile(path),
    where: node.locate(['artifacts', name, 'path']),
  });
  const name = carrierName(cni.carrier.name, images.registry, {
    base: base.sha256,
    plugins: plugins.sha256,
    flannel: flannel?.sha256,
  });
  return buildCarrier(name, {
    base: await read(base, 'carrier_base'),
    plugins: await read(plugins, 'cni_plugins'),
    flannel: flannel && (await read(flannel, 'flannel_cni_plugin')),
  });
}

/** The same, kept as a file called by its content. */
export async function keepCarrier(inventory: Inventory): Promise<CarrierFile | undefined> {
  const carrier = await makeCarrier(inventory);
  if (carrier === undefined) return undefined;
  const { archive, ...others } = carrier;
  const path = join(imagesFolder(), `cni-plugins-${carrier.sha256.slice(0, 16)}.tar`);
  if (!existsSync(path)) {
    await mkdir(imagesFolder(), { recursive: true });
    await writeFile(`${path}.${process.pid}`, archive);
    await rename(`${path}.${process.pid}`, path);
  }
  return { ...others, path, isPushed: inventory.settings.cni.carrier.push };
}
