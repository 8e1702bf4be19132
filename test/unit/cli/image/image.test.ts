import { expect, test } from 'vitest';
import { noImage } from '../../../../src/cli/image/image.ts';
import { parseInventory } from '../../../../src/config/inventory.ts';
import { inventoryText } from '../../config/shown.ts';

const fixFor = (vars: string): string | undefined =>
  noImage(parseInventory('inventory.yaml', inventoryText({ vars }), { homeFolder: '/' })).fix;

test('without an image to build all is named that has to be set for one', () => {
  expect(fixFor('')).toBe(
    'Set network.agent to flannel-daemonset and cni.delivery to init-container, and name artifacts.carrier_base.',
  );
  expect(fixFor('    network: { agent: flannel-daemonset, flannel: { version: 0.28.7 } }')).toBe(
    'Set cni.delivery to init-container, and name artifacts.carrier_base.',
  );
});
