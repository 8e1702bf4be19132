import { expect, test } from 'vitest';
import { readFurther } from '../../../src/engine/read-further.ts';
import type { RunState } from '../../../src/engine/run-state.ts';
import type { RightsAnswer } from '../../../src/kubernetes/cluster/rights.ts';
import { apiRights } from '../../../src/operations/cluster/api-rights.ts';
import { imagePushed } from '../../../src/operations/runtime/image-pushed.ts';

const answer: RightsAnswer = { user: 'u', isRejected: false, missing: [], excess: [], bindings: [] };
const still = { changed: false, isDue: false, foreseesObjects: false, request: { verify: false } };

test.each<[string, object, boolean]>([
  ['a run with nothing to do', {}, false],
  ['something is due on a host', { isDue: true }, true],
  ['something was changed', { changed: true }, true],
  ['--verify', { request: { verify: true } }, true],
  ['a plan that mends what gives the rights', { changed: true, isDue: true, foreseesObjects: true }, false],
])('rights are asked for: %s', async (_, more, isAsked) => {
  const state = { ...still, ...more, api: { rights: async () => answer } } as unknown as RunState;
  const further = await readFurther(apiRights, { token: 't', allowed: [], denied: [] }, [], state);
  expect(further).toEqual(isAsked ? { rights: answer } : {});
});

test('a registry is asked for the image, also in a run with nothing to do', async () => {
  const images = { isPushed: (image: string) => Promise.resolve(image === 'there:1') };
  const state = { ...still, request: { verify: false, images } } as unknown as RunState;
  expect(await readFurther(imagePushed, { image: 'there:1' }, [], state)).toEqual({ hasImage: true });
  expect(await readFurther(imagePushed, { image: 'other:1' }, [], state)).toEqual({ hasImage: false });
});
