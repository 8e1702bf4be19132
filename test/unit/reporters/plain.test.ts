import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/events.ts';
import { createPlain } from '../../../src/reporters/plain.ts';
import { changingRun, failingRun, silentRun } from './recorded-run.ts';
import { Screen } from './screen.ts';

async function log(events: readonly RunEvent[], options: { color?: boolean; verbose?: boolean } = {}): Promise<string> {
  const stream = new Screen();
  const display = createPlain({ stream, color: false, verbose: false, ...options });
  for (const event of events) display.show(event);
  await display.close();
  return stream.text;
}

test('a run that changes something', async () => {
  expect(await log(changingRun)).toMatchInlineSnapshot(`
    "up: 3 hosts
    == podCIDRs are handed out (1 host)
    == CNI plugins (2 hosts)
    -- batch 1: node1, node2
    node1    upload   cni-plugins.tgz 25 % of 20.6 MB
    node1    upload   cni-plugins.tgz 50 % of 20.6 MB
    node1    upload   cni-plugins.tgz 100 % of 20.6 MB
    node1    changed  CNI plugins are unpacked (13 files)
    node2    changed  CNI plugins are unpacked (/etc/cni/net.d/10-flannel.conflist: write)
    == Nodes are Ready (2 hosts)
    all      waiting  1 of 2 Nodes Ready
    warning: no image is named: the datapath is not proven
    all      ok       Node is Ready (2 of 2 Nodes Ready)

    host     changed  ok  failed  seconds  commands  uploads
    master1        0  10       0      1.9         2        0
    node1          1  10       0      1.9         3        1
    node2          1  10       0      1.9         3        0
    changed: 2 tasks on 2 of 3 hosts (1.9 s)
    "
  `);
});

test('a run with nothing to do says little', async () => {
  expect(await log(silentRun)).toMatchInlineSnapshot(`
    "up: 3 hosts
    == podCIDRs are handed out (1 host)

    host     changed  ok  failed  seconds  commands  uploads
    master1        0  10       0      1.9         2        0
    node1          0  10       0      1.9         2        0
    node2          0  10       0      1.9         2        0
    ok: nothing to change on 3 hosts (2 commands each, 1.9 s)
    "
  `);
});

test('a run that fails in the middle of a stage', async () => {
  expect(await log(failingRun)).toMatchInlineSnapshot(`
    "up: 3 hosts
    == CNI plugins (2 hosts)
    -- batch 1: node1, node2
    node1    upload   cni-plugins.tgz 25 % of 20.6 MB
    node1    upload   cni-plugins.tgz 50 % of 20.6 MB
    node1    upload   cni-plugins.tgz 100 % of 20.6 MB
    node1    changed  CNI plugins are unpacked (13 files)
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

test('verbose tells what was ok and the lines that differ', async () => {
  expect(await log(changingRun, { verbose: true })).toMatchInlineSnapshot(`
    "up: 3 hosts, run 20260101T000000
    master1  reached
    node1    reached
    node2    reached
    == podCIDRs are handed out (1 host)
    master1  ok       Flags are set
    == CNI plugins (2 hosts)
    -- batch 1: node1, node2
    node1    upload   cni-plugins.tgz 25 % of 20.6 MB
    node1    upload   cni-plugins.tgz 50 % of 20.6 MB
    node1    upload   cni-plugins.tgz 100 % of 20.6 MB
    node1    changed  CNI plugins are unpacked (13 files)
        /opt/cni/bin/bridge: add
    node2    changed  CNI plugins are unpacked
        /etc/cni/net.d/10-flannel.conflist: write
            {
              "name": "cbr0",
          -   "cniVersion": "0.3.0",
          +   "cniVersion": "0.3.1",
              "plugins": []
            }
    == Nodes are Ready (2 hosts)
    all      waiting  1 of 2 Nodes Ready
    warning: no image is named: the datapath is not proven
    node1    ok       Node is Ready (2 of 2 Nodes Ready)
    node2    ok       Node is Ready (2 of 2 Nodes Ready)

    host     changed  ok  failed  seconds  commands  uploads
    master1        0  10       0      1.9         2        0
    node1          1  10       0      1.9         3        1
    node2          1  10       0      1.9         3        0
    changed: 2 tasks on 2 of 3 hosts (1.9 s)
    "
  `);
});

test('without colour there is no escape sequence, with colour the text is the same', async () => {
  const plain = await log(failingRun);
  expect(plain).not.toContain('\u001b');
  const colored = await log(failingRun, { color: true });
  expect(colored).toContain('\u001b[31m✖\u001b[39m');
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(plain);
});

test('what a host says cannot steer the terminal', async () => {
  const text = await log([{ type: 'warning', host: 'node1', message: '\u001b]0;title\u0007\u001b[2Jgone\r' }]);
  expect(text).toBe('warning: node1: ]0;titlegone\n');
});

test('what an asked-for end means, and settings of one run', async () => {
  const settings = [{ set: 'a.b=1', path: ['a', 'b'], value: 1, hosts: ['n'], written: ['i.yaml:1:1'], lines: '' }];
  const text = await log([
    { type: 'stopping', message: 'Stopping after the batch in hand' },
    { type: 'one-off-settings', inventory: 'i.yaml', settings },
  ]);
  expect(text).toMatch(/^Stopping after the batch in hand\n\n--set a\.b=1 is for this run alone.*\nTo keep it, .*\n$/);
});
