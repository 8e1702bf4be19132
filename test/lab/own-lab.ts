import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { labDown } from '../../src/lab/down.ts';
import { isCurrent } from '../../src/lab/kubernetes-version.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { type LabOptions, labUp } from '../../src/lab/up.ts';
import type { LabOffer } from './shared-lab.ts';

type Size = Omit<LabOptions, 'folder' | 'cacheFolder' | 'say'>;

/** Tests on a lab of their own with that many nodes, which is gone afterwards. */
export const describeOwnLab = (
  name: string,
  nodes: number,
  tests: (lab: () => Lab) => void,
  further: Omit<Size, 'nodes'> = {},
): void => describeOwnLabs(name, 1, { nodes, ...further }, (labs) => tests(() => labs()[0] ?? noLab()));

function whyImpossible(offer: LabOffer, { agent, flannel, kubernetes }: Size): string | undefined {
  if ('impossible' in offer) return offer.impossible;
  const needsFlanneld = (agent ?? 'static-routes') !== 'static-routes' || flannel !== undefined;
  return (
    (needsFlanneld ? offer.withoutFlanneld : undefined) ?? (isCurrent(kubernetes) ? offer.withoutCurrent : undefined)
  );
}

function noLab(): never {
  throw new Error('the lab is there in tests and hooks only');
}

/** Tests on some labs of their own, side by side; each of the same size, or of its own. */
export function describeOwnLabs(
  name: string,
  howMany: number,
  size: Size | ((index: number) => Size),
  tests: (labs: () => readonly Lab[]) => void,
): void {
  const keep = process.env['PROVISION_KEEP_LAB'] === '1';
  const offer = inject('lab');
  let labs: readonly Lab[] = [];
  const open = (): readonly Lab[] => labs;
  const sizes = Array.from({ length: howMany }, (_, index) => (typeof size === 'function' ? size(index) : size));
  const impossible = sizes.map((one) => whyImpossible(offer, one)).find((reason) => reason !== undefined);
  if ('impossible' in offer || impossible !== undefined) {
    describe.skip(`${name} (${impossible?.replaceAll('\n', '; ')})`, () => tests(open));
    return;
  }
  const slug = `lab-${name.replaceAll(/[^a-z0-9]+/gi, '-')}`;
  const wanted = sizes.map((one, index) => ({
    ...one,
    folder: join(offer.folder, howMany > 1 ? `${slug}-${index + 1}` : slug),
  }));
  describe(name, () => {
    beforeAll(async () => {
      labs = await Promise.all(
        wanted.map(async (one) => {
          if (!keep) await labDown(one.folder);
          return labUp({ ...one, cacheFolder: labCacheFolder(), say: () => {} });
        }),
      );
    });
    afterAll(async () => {
      if (!keep) await Promise.all(wanted.map(({ folder }) => labDown(folder)));
    });
    tests(open);
  });
}
