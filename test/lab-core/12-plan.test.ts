import { afterAll, beforeAll, expect, test } from 'vitest';
import { atTerminal } from '../lab/at-terminal.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { invocationOf, on, onEach, stateOf } from '../lab/read-hosts.ts';
import { type Plan, runPlan } from '../lab/run-plan.ts';
import { readRun, runCommand, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, settle, told } from '../lab/settle.ts';

describeLab('plans for a cluster that runs', (lab) => {
  const flags = 'The kubelet has the flags of the inventory';
  let changed = '';
  let plan: Plan;

  beforeAll(async () => {
    await settle(lab);
    changed = writeInventory(lab, 'max-pods', ({ all }) => {
      all.vars['kubelet'] = { flags: { 'max-pods': 77 } };
    });
  });
  // by hand, which is quicker than by batches
  afterAll(async () => {
    const dropIn = '/etc/systemd/system/kubelet.service.d/90-provision.conf';
    await onEach(lab, nodeNames(lab), `rm -f ${dropIn}; systemctl daemon-reload; systemctl restart kubelet`);
    await settle(lab);
  });

  test('with nothing to do it ends with 0 and says so', async () => {
    const { code, stdout, stderr } = await runCommand(['plan', lab.inventoryPath]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^ok: nothing to do on 4 hosts \(2 commands each, \d+\.\d s\)$/,
    );
  });

  test('a changed kubelet flag: one Ready node, then the other, and the command line before and after', async () => {
    const before = await stateOf(lab, namesOf(lab));
    plan = await runPlan(changed);
    expect(plan.code, plan.stdout + plan.stderr).toBe(2);
    expect(plan.batches).toEqual([['node1'], ['node2']]);
    expect(plan.tasks('change')).toEqual([
      `node1: ${flags}`,
      'node1: The kubelet runs with these flags, on this runtime',
      `node2: ${flags}`,
      'node2: The kubelet runs with these flags, on this runtime',
    ]);
    const [change] = plan.all.find(({ task, hosts }) => task === flags && hosts.includes('node2'))?.changes ?? [];
    const running = await on(lab, 'node2', "tr '\\0' '\\n' <\"/proc/$(systemctl show -P MainPID kubelet)/cmdline\"");
    expect(change?.before).toBe(`${running}\n`);
    expect(change?.after).toBe(`${running}\n--max-pods=77\n`);
    expect(plan.tasks('wait')).toEqual([
      'node1: Nodes are Ready',
      'node2: Nodes are Ready',
      'node1: The datapath works',
      'node2: The datapath works',
    ]);
    expect(await stateOf(lab, namesOf(lab))).toEqual(before);
  });

  test('as text it has the flag once, the batches, and the command that does it', async () => {
    const { stdout } = await runCommand(['plan', changed, '--limit', 'nodes']);
    expect(stdout.match(/--max-pods=77/g)).toHaveLength(1);
    expect(stdout).toContain('-- batch 1: node1\n-- batch 2: node2\n');
    expect(stdout).toContain(`${flags} · node1, node2\n`);
    expect(stdout).toMatch(/\nplan: 4 changes on 2 of 2 hosts; nothing was changed/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`do it: ./provision up ${changed} --limit nodes`);
  });

  test('`roll` with nothing to do ends with 0, and asks nobody', async () => {
    const { code, stdout, stderr } = await runCommand(['roll', lab.inventoryPath]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^ok: nothing to do on 4 hosts/);
  });

  test('`roll` shows the plan and how to keep what is set for once; with nobody to ask it changes nothing', async () => {
    const before = await stateOf(lab, namesOf(lab));
    const run = readRun(
      await runCommand(['roll', lab.inventoryPath, '--output', 'json', '--set', 'kubelet.flags.max-pods=77']),
    );
    expect([run.code, ...run.codes]).toEqual([2, 'NOT_CONFIRMED']);
    const types = run.events.map(({ type }) => type);
    expect(types.slice(-3)).toEqual(['plan-finished', 'one-off-settings', 'failure']);
    const told = run.events.find((event) => event.type === 'one-off-settings');
    expect(told?.settings).toMatchObject([
      { hosts: ['node1', 'node2'], written: [], lines: expect.stringContaining('flags:\n        max-pods: 77') },
    ]);
    expect(await stateOf(lab, namesOf(lab))).toEqual(before);
  });

  test('at a terminal `roll` asks, and changes nothing where the answer is no', async () => {
    const before = await stateOf(lab, namesOf(lab));
    const { code, shown } = await atTerminal(['roll', changed], [['[y/N]', 'n']]);
    expect(code, shown).toBe(1);
    expect(shown).toMatch(/4 changes on 2 of 4 hosts[\s\S]*Roll this out\?[\s\S]*Nothing was changed\./);
    expect(await stateOf(lab, namesOf(lab))).toEqual(before);
  });

  test('`up` does what was planned', async () => {
    const kubelets = () => Promise.all(nodeNames(lab).map((node) => invocationOf(lab, node, 'kubelet')));
    const before = await kubelets();
    const run = await runUp(changed, '--tags', 'nodes');
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual(plan.tasks('change'));
    const batches = run.events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []));
    expect(batches).toEqual(plan.batches);
    const after = await kubelets();
    for (const [index, invocation] of before.entries()) expect(after[index]).not.toBe(invocation);
  });

  test('what is wrong ends with another code than what is due', async () => {
    for (const args of [['nowhere.yaml'], [lab.inventoryPath, '--no-such-option']])
      for (const command of [['plan'], ['roll', '--plan']])
        expect((await runCommand([...command, ...args])).code, [...command, ...args].join(' ')).toBe(1);
    const unknown = writeInventory(lab, 'unknown-flag', ({ all }) => {
      all.vars['kubelet'] = { flags: { 'no-such-flag': 'x' } };
    });
    const refused = await runPlan(unknown);
    expect([refused.code, ...refused.codes]).toEqual([1, 'FLAG_UNKNOWN', 'FLAG_UNKNOWN']);
  });
});
