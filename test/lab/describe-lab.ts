import { describe, inject } from 'vitest';
import { type Lab, openLab } from '../../src/lab/lab.ts';

/** Tests on the shared lab; skipped by name, with the reason, where this machine cannot run one. */
export function describeLab(name: string, tests: (lab: Lab) => void): void {
  const offer = inject('lab');
  if ('impossible' in offer) {
    // The tests are named all the same, so that they are counted; none of their bodies runs.
    describe.skip(`${name} (${offer.impossible.replaceAll('\n', '; ')})`, () => tests(noLab));
    return;
  }
  const lab = openLab(offer.folder);
  describe(name, () => tests(lab));
}

const noLab = new Proxy({} as Lab, {
  get: () => {
    throw new Error('there is no lab; use it in tests and hooks only');
  },
});
