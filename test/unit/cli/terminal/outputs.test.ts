import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { outliveOutputs } from '../../../../src/cli/terminal/outputs.ts';

const failing = (code: string) => Object.assign(new Error(`${code}: write`), { code });

test('readers that leave are nothing to tell of, on either output', () => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const lost = outliveOutputs({ out, err });
  for (const stream of [out, err]) stream.emit('error', failing('EPIPE'));
  expect(lost()).toBeUndefined();
});

test('an output that cannot be written is told of once, and ends nothing', () => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const lost = outliveOutputs({ out, err });
  for (const code of ['ENOSPC', 'EIO']) out.emit('error', failing(code));
  expect(lost()).toMatchObject({ code: 'OUTPUT_LOST', what: expect.stringContaining('to out'), why: 'ENOSPC: write' });
});
