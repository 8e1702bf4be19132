import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { labDown } from '../../src/lab/down.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { labUp } from '../../src/lab/up.ts';

/** Tests on a lab of their own with that many nodes, which is gone afterwards. */
export function describeOwnLab(name: string, nodes: number, tests: (lab: () => Lab) => void): void {
  const offer = inject('lab');
  let lab: Lab | undefined;
  const open = (): Lab => {
    if (!lab) throw new Error('the lab is there in tests and hooks only');
    return lab;
  };
  if ('impossible' in offer) {
    describe.skip(`${name} (${offer.impossible.replaceAll('\n', '; ')})`, () => tests(open));
    return;
  }
  const folder = join(offer.folder, `lab-${name.replaceAll(/[^a-z0-9]+/gi, '-')}`);
  describe(name, () => {
    beforeAll(async () => {
      await labDown(folder);
      lab = await labUp({ folder, cacheFolder: labCacheFolder(), nodes, say: () => {} });
    });
    afterAll(async () => {
      if (process.env['PROVISION_KEEP_LAB'] !== '1') await labDown(folder);
    });
    tests(open);
  });
}
