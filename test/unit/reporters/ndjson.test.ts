import { expect, test } from 'vitest';
import { ProvisionError } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/events.ts';
import { createNdjson } from '../../../src/reporters/ndjson.ts';
import { changingStageBegun, changingStageEnded, ended, failure } from './recorded-run.ts';
import { Screen } from './screen.ts';

/** Each event is 300 ms after the one before. */
async function log(events: readonly RunEvent[]): Promise<string[]> {
  const stream = new Screen();
  let ms = Date.UTC(2026, 0, 1);
  const display = createNdjson({
    stream,
    now: () => {
      ms += 300;
      return new Date(ms);
    },
  });
  for (const event of events) display.show(event);
  await display.close();
  return stream.text.trimEnd().split('\n');
}

test('an event is an object with the time before its own fields', async () => {
  expect(await log([{ type: 'host-connected', host: 'node1' }])).toEqual([
    '{"time":"2026-01-01T00:00:00.300Z","type":"host-connected","host":"node1"}',
  ]);
});

test('an error is told field by field', async () => {
  const [line = ''] = await log([failure]);
  expect(JSON.parse(line)).toEqual({
    time: '2026-01-01T00:00:00.300Z',
    type: 'failure',
    host: 'node2',
    stage: 'CNI plugins',
    error: {
      code: 'TASK_FAILED',
      kind: 'operation',
      what: "node2: 'CNI plugins are unpacked' failed",
      why: 'tar: write error: No space left on device\ntar: Exiting with failure status',
      fix: 'Make room and run again.',
      exitCode: 4,
    },
  });
});

test('the place of an error is file:line:column', async () => {
  const where = { file: 'up.yaml', line: 6, column: 38, text: 'secret: hunter2' };
  const error = new ProvisionError({ code: 'CONFIG_INVALID', kind: 'config', what: 'Unrecognized key', where });
  const [line = ''] = await log([{ type: 'failure', error }]);
  expect(JSON.parse(line).error.where).toBe('up.yaml:6:38');
  expect(line).not.toContain('hunter2');
});

test('uploads are told once a second, and always when they are complete', async () => {
  const lines = await log(changingStageBegun.filter((event) => event.type === 'upload-progress'));
  expect(lines.map((line) => JSON.parse(line).sentBytes)).toEqual([2_060_000, 20_600_000]);
});

test('changes carry the text before and after', async () => {
  const [line = ''] = await log(changingStageEnded);
  expect(JSON.parse(line).changes[0].after).toContain('"cniVersion": "0.3.1"');
});

test('every event is one line', async () => {
  const events = [...changingStageEnded, failure, ended('failed')];
  expect(await log(events)).toHaveLength(events.length);
});
