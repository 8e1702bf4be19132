import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { allReady, invocationOf, on } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';

describeLab('a kubelet that does not come back', (lab) => {
  beforeAll(() => settle(lab));
  afterAll(async () => {
    await settle(lab);
    await allReady(lab, ['node1', 'node2']);
  });

  test('the error names host and task and shows its last lines; the other Ready node keeps its kubelet', async () => {
    const before = await invocationOf(lab, 'node2', 'kubelet');
    const broken = writeInventory(lab, 'broken-kubelet', ({ all }) => {
      all.vars['kubelet'] = { flags: { 'topology-manager-policy': 'no-such-policy' } };
    });
    const run = await runUp(broken);
    expect(run.code, told(run)).toBe(4);
    expect(run.failures, told(run)).toHaveLength(1);
    const [failure] = run.failures;
    expect(failure?.host).toBe('node1');
    expect(failure?.error.code).toBe('UNIT_FAILED');
    expect(failure?.error.what).toContain('node1');
    expect(failure?.error.what).toMatch(/kubelet/i);
    expect(failure?.error.why).toContain('no-such-policy');
    expect(await invocationOf(lab, 'node2', 'kubelet')).toBe(before);
    expect((await lab.exec('node2', 'grep -rs no-such-policy /etc/systemd/system')).stdout).toBe('');
  });

  test('a flag that this kubelet does not know is refused before anything is touched', async () => {
    const units = 'find /etc/systemd/system -printf "%p %T@\\n" | sort';
    const before = await on(lab, 'node2', units);
    const unknown = writeInventory(lab, 'unknown-flag', ({ all }) => {
      all.vars['kubelet'] = { flags: { 'no-such-flag': 'x' } };
    });
    const run = await runUp(unknown);
    expect(run.codes, told(run)).toContain('FLAG_UNKNOWN');
    expect(await on(lab, 'node2', units)).toBe(before);
  });
});
