import { expect, it } from 'vitest';
import { exclusively } from '../../../src/lab/exclusively.ts';

it('lets one in at a time, and the next one after a failure', async () => {
  let inside = 0;
  let most = 0;
  const name = `test ${Math.random()}`;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((done) => setTimeout(done, 5));
    inside -= 1;
    throw new Error('on purpose');
  };
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => exclusively(name, work)));
  expect(results.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  expect(most).toBe(1);
});

it('does not confuse names that begin or end alike', async () => {
  const long = 'x'.repeat(300);
  await exclusively(`a ${long}`, () => exclusively(`b ${long}`, async () => undefined));
});
