import { beforeAll, expect, test } from 'vitest';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, invocationOf, onEach } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { nodeNames, settle, told } from '../lab/settle.ts';

const unstartable = 'required_plugins = ["io.containerd.none.v1.none"]';

describeOwnLab('a bad containerd configuration', 4, (lab) => {
  const starts = () => Promise.all(nodeNames(lab()).map((node) => invocationOf(lab(), node, 'containerd')));

  beforeAll(() => settle(lab()));

  test('that containerd does not read is refused before any node is touched', async () => {
    const nodes = nodeNames(lab());
    const before = await starts();
    await onEach(lab(), nodes, `sed -i '1i oom_score = "broken"' /etc/containerd/config.toml`);
    const run = await runUp(lab().inventoryPath);
    await onEach(lab(), nodes, `sed -i '/oom_score = "broken"/d' /etc/containerd/config.toml`);
    expect(run.code, told(run)).toBe(4);
    expect(run.failures.map(({ error }) => error.code)).toEqual(nodes.map(() => 'CONTAINERD_CONFIG_INVALID'));
    expect(run.failures[0]?.error.why).toMatch(/broken/);
    expect(await starts()).toEqual(before);
  });

  test('that it reads but cannot start with touches one of four Ready nodes, and the run stops', async () => {
    const nodes = nodeNames(lab());
    await allReady(lab(), nodes);
    const before = await starts();
    await onEach(lab(), nodes, `sed -i '1i ${unstartable}' /etc/containerd/config.toml`);
    const run = await runUp(lab().inventoryPath);
    expect(run.code, told(run)).toBe(4);
    expect(run.failures.map(({ error }) => error.code)).toEqual(['UNIT_FAILED']);
    expect(run.failures[0]?.error.why).toMatch(/required plugin/);
    const after = await starts();
    expect(after.filter((start, index) => start !== before[index])).toHaveLength(1);
    const touched = run.failures[0]?.host;
    await allReady(
      lab(),
      nodes.filter((node) => node !== touched),
    );
  });

  test('corrected, the next run brings all four back, one batch after another', async () => {
    await onEach(lab(), nodeNames(lab()), `sed -i '/required_plugins/d' /etc/containerd/config.toml`);
    const run = await runUp(lab().inventoryPath);
    expect(run.code, told(run)).toBe(0);
    await allReady(lab(), nodeNames(lab()));
  });
});
