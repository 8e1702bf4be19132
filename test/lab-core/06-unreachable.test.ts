import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { allReady, on } from '../lab/read-hosts.ts';
import { runUp, warningsOf } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';

describeLab('a host that is down', (lab) => {
  beforeAll(async () => {
    await settle(lab);
    await lab.stop('node2');
    await allReady(lab, ['node1']);
  });
  afterAll(async () => {
    await lab.start('node2');
    await allReady(lab, ['node1', 'node2']);
  });

  test('fails alone: the others go on, but a Ready node is left as it is, and told so', async () => {
    await on(lab, 'node1', 'rm /opt/cni/bin/portmap');
    await on(lab, 'cp1', 'rm /etc/provision/static-routes/peers');
    const run = await runUp(lab.inventoryPath);
    expect(
      run.failures.map(({ host, error }) => [host, error.code]),
      told(run),
    ).toEqual([['node2', 'HOST_UNREACHABLE']]);
    expect(run.code).toBe(3);
    expect(run.summary('node2')).toMatchObject({ failed: 1, ok: 0, changed: 0 });
    for (const host of ['cp1', 'cp2', 'node1']) expect(run.summary(host), host).toMatchObject({ failed: 0 });
    expect(run.changed, told(run)).toEqual(['cp1: The agent knows the other nodes']);
    const warnings = warningsOf(run);
    expect(warnings.filter((message) => /^node1: left as it is/.test(message))).toHaveLength(1);
  });

  test('left out by --limit the run is well', async () => {
    const run = await runUp(lab.inventoryPath, '--limit', '!node2');
    expect(run.code, told(run)).toBe(0);
    expect(run.changed, told(run)).toEqual(['node1: The CNI plugins are in place']);
    expect(run.events.flatMap((event) => (event.type === 'warning' ? [event.host] : []))).toContain('node2');
  });
});
