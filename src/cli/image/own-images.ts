import { readFile } from 'node:fs/promises';
import type { Inventory } from '../../config/host.ts';
import { openSecret, type SecretMeans } from '../../config/open-secrets.ts';
import type { OwnImages } from '../../engine/run-state.ts';
import { ProvisionError } from '../../errors.ts';
import { openRegistry } from '../../kubernetes/images/registry.ts';
import type { CarrierFile } from './carrier.ts';

/** The image at the registry of the inventory; undefined where none is pushed. Throws for a password or a CA that cannot be read. */
export async function openOwnImages(
  inventory: Inventory,
  carrier: CarrierFile | undefined,
  means: SecretMeans,
): Promise<OwnImages | undefined> {
  if (!carrier?.isPushed) return undefined;
  const { user, password, ca, plain_http } = inventory.settings.images;
  const where = inventory.locate(['images', 'password']);
  const registry = openRegistry({
    plainHttp: plain_http,
    ca: ca === undefined ? undefined : await readAuthority(ca, inventory),
    user,
    password: password === undefined ? undefined : await openSecret(password, where, means),
  });
  const { image, build } = carrier;
  let isThere = false;
  return {
    async isPushed() {
      isThere ||= await registry.has(image);
      return isThere;
    },
    async push(_, progress) {
      const bytes = await registry.push((await build()).image, progress);
      isThere = true;
      return `pushed, ${(bytes / 1e6).toFixed(1)} MB`;
    },
  };
}

async function readAuthority(path: string, inventory: Inventory): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new ProvisionError({
    code: 'FILE_MISSING',
    kind: 'config',
    what: `There is no file of certificates ${path}`,
    where: inventory.locate(['images', 'ca']),
    fix: 'Put the file (PEM) there or correct the path; a relative path counts from the inventory.',
  });
}
