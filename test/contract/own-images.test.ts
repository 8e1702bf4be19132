import { expect, test } from 'vitest';
import type { CarrierFile } from '../../src/cli/image/carrier.ts';
import { openOwnImages } from '../../src/cli/image/own-images.ts';
import type { Inventory } from '../../src/config/host.ts';
import { makeImage } from '../../src/kubernetes/images/write-image.ts';
import { startRegistryServer } from './registry-server.ts';

const inventory = {
  settings: { images: { plain_http: true } },
  locate: () => 'inventory.yaml',
} as unknown as Inventory;
const means = { environment: {}, identityFile: '', hide: () => {} };

test('an image that is kept is made of its parts again only to be pushed', async () => {
  const { address, manifests } = await startRegistryServer();
  const image = makeImage(`${address}/app/x:1`, 'amd64', [Buffer.from('one')]);
  const { digest, mediaType } = image.manifest;
  let builds = 0;
  const carrier: CarrierFile = {
    image: { name: image.name, manifest: { digest, mediaType } },
    path: '/nowhere',
    sha256: '',
    plugins: [],
    isPushed: true,
    build: async () => {
      builds += 1;
      return { image, archive: Buffer.alloc(0), sha256: '', plugins: [] };
    },
  };
  const open = () => openOwnImages(inventory, carrier, means);
  const first = await open();
  expect([await first?.isPushed(image.name), builds]).toEqual([false, 0]);
  await first?.push(image.name, () => {});
  expect([manifests.get('1')?.equals(image.manifest.bytes), builds]).toEqual([true, 1]);
  const second = await open();
  expect([await second?.isPushed(image.name), builds]).toEqual([true, 1]);
});
