import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { carrierOf } from '../../../../src/cli/image/carrier.ts';
import type { Inventory } from '../../../../src/config/host.ts';
import { pluginArchive, rootFileSystem, sha256 } from '../../kubernetes/images/image-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** An inventory of one base and one archive, as it names them. */
async function inventoryOf(folder: string): Promise<Inventory> {
  const put = (name: string, content: Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return { path, sha256: sha256(content) };
  };
  const artifacts = {
    carrier_base: put('base.tar', await rootFileSystem()),
    cni_plugins: put('plugins.tgz', await pluginArchive()),
  };
  const cni = { delivery: 'init-container', carrier: { name: 'localhost/provision/cni-plugins', push: false } };
  const settings = { cni, images: {}, artifacts };
  return { settings, hosts: [], groups: new Map(), locate: (path: string[]) => path.join('.') } as unknown as Inventory;
}

test('a file that was replaced since it was checked does not get into an image of that name', async () => {
  const folder = temporaryFolder();
  const inventory = await inventoryOf(folder);
  const carrier = await carrierOf(inventory)?.build();
  expect(carrier?.image.name).toMatch(/^localhost\/provision\/cni-plugins:[0-9a-f]{16}$/);
  writeFileSync(join(folder, 'plugins.tgz'), await pluginArchive([{ name: './other', mode: 0o755 }]));
  await expect(carrierOf(inventory)?.build()).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    where: 'artifacts.cni_plugins.sha256',
  });
});
