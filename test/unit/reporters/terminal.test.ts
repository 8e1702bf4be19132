import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunEvent } from '../../../src/events.ts';
import { createReporter } from '../../../src/reporters/reporter.ts';
import {
  begun,
  changingRun,
  changingStageBegun,
  ended,
  failingRun,
  failure,
  proofStage,
  silentRun,
} from './recorded-run.ts';
import { Screen } from './screen.ts';

const unhandled: unknown[] = [];
const remember = (reason: unknown): void => {
  unhandled.push(reason);
};
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', remember);
});
afterEach(() => {
  process.off('unhandledRejection', remember);
  expect(unhandled).toEqual([]);
});

async function play(events: readonly RunEvent[], options: { pauseMs?: number; verbose?: boolean } = {}) {
  const stream = new Screen();
  const { pauseMs = 0, verbose = false } = options;
  const display = createReporter({
    output: 'text',
    isTerminal: true,
    color: false,
    verbose,
    stream,
    redact: (text) => text,
  });
  for (const event of events) {
    display.show(event);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await display.close();
  return stream;
}

const seen = async (...given: Parameters<typeof play>): Promise<string> => (await play(...given)).lines.join('\n');

test('a run that changes something ends as one line a stage, the table and the last line', async () => {
  expect(await seen(changingRun)).toMatchInlineSnapshot(`
    "✔ 3 hosts reached and looked at
    ✔ podCIDRs are handed out
    ✔ CNI plugins · 2 of 2 hosts changed
    ✔ Nodes are Ready · 2 of 2 Nodes Ready
    ⚠ no image is named: the datapath is not proven

    host     changed  ok  failed  seconds  commands  uploads
    master1        0  10       0      1.9         2        0
    node1          1  10       0      1.9         3        1
    node2          1  10       0      1.9         3        0
    changed: 2 tasks on 2 of 3 hosts (1.9 s)
    "
  `);
});

test('the same is left when the events come slowly', async () => {
  expect(await seen(changingRun, { pauseMs: 15 })).toBe(await seen(changingRun));
});

test('a running task, an upload with its rate and a wait are seen while they last', async () => {
  const { text } = await play([...changingStageBegun, ...proofStage, ended('changed')], { pauseMs: 120 });
  expect(text).toMatch(/› cni-plugins\.tgz {2}12\.4 of 20\.6 MB {2}60 % {2}\d+\.\d MB\/s/);
  expect(text).toContain('› CNI plugins are unpacked');
  expect(text).toContain('› 1 of 2 Nodes Ready');
  expect(text).toContain('CNI plugins · batch 1');
});

test('a failure in the middle of a stage leaves its hosts on the screen, then the error', async () => {
  expect(await seen(failingRun)).toMatchInlineSnapshot(`
    "✔ 3 hosts reached and looked at
    ✖ CNI plugins · 1 of 2 hosts changed · 1 failed
      ✔ node1  CNI plugins are unpacked (13 files)
      ✖ node2  TASK_FAILED: 'CNI plugins are unpacked' failed

    ✖ TASK_FAILED  node2, CNI plugins
      node2: 'CNI plugins are unpacked' failed
        tar: write error: No space left on device
        tar: Exiting with failure status
      → Make room and run again.

    host     changed  ok  failed  seconds  commands  uploads
    master1        0  10       0      1.9         2        0
    node1          1  10       0      1.9         3        1
    node2          1  10       1      1.9         3        0
    failed: 1 of 3 hosts (node2); changed 2 tasks on 2 of 3 hosts (1.9 s)
    "
  `);
});

test('a failure of no host ends the stage that runs', async () => {
  if (failure.type !== 'failure') throw new Error('not a failure');
  const text = await seen([
    ...begun,
    ...changingStageBegun,
    { type: 'failure', error: failure.error },
    ended('failed'),
  ]);
  expect(text).toContain('✖ CNI plugins · 1 of 2 hosts changed');
  expect(text).toMatch(/failed: 1 of 3 hosts \(node2\).*\n$/);
});

test('a run with nothing to change is short', async () => {
  expect(await seen(silentRun)).toMatchInlineSnapshot(`
    "✔ 3 hosts reached and looked at
    ✔ podCIDRs are handed out

    host     changed  ok  failed  seconds  commands  uploads
    master1        0  10       0      1.9         2        0
    node1          0  10       0      1.9         2        0
    node2          0  10       0      1.9         2        0
    ok: nothing to change on 3 hosts (2 commands each, 1.9 s)
    "
  `);
});

test('a run without any stage ends', async () => {
  const text = await seen([...begun, ended('ok')]);
  expect(text).toMatch(/^✔ 3 hosts reached and looked at\n\nhost /);
});

test('a display closed in the middle of a stage, or before anything, ends', async () => {
  expect(await seen([...begun, ...changingStageBegun], { pauseMs: 5 })).toContain('✖ CNI plugins');
  expect(await seen([])).toBe('');
});

test('the cursor is shown again', async () => {
  const { text } = await play(failingRun);
  expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
});

test('without colour nothing is coloured', async () => {
  expect((await play(changingRun)).text).not.toMatch(/\u001b\[\d+m/);
});

test('verbose tells the changes below their stage', async () => {
  const text = await seen(changingRun, { verbose: true });
  expect(text).toContain('master1  ok       Flags are set');
  expect(text).toContain('      -   "cniVersion": "0.3.0",\n      +   "cniVersion": "0.3.1",');
});

test('more hosts than the screen has room for', async () => {
  const hosts = Array.from({ length: 300 }, (_, index) => `node${index}`);
  const events: RunEvent[] = [{ type: 'stage-started', stage: 'CNI plugins', hosts }];
  for (const host of hosts) {
    const task = { stage: 'CNI plugins', host, task: 'CNI plugins are unpacked' };
    events.push({ type: 'task-started', ...task }, { type: 'task-finished', ...task, status: 'changed', changes: [] });
  }
  events.push({ type: 'stage-finished', stage: 'CNI plugins', status: 'changed' });
  expect(await seen(events)).toBe('✔ CNI plugins · 300 of 300 hosts changed\n');
});
