import { createInterface } from 'node:readline';
import { beforeAll, expect, test } from 'vitest';
import { filesScript, networkScript, unitsScript } from '../lab/host-snapshot.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, nodeObjects, on, onEach, readyCondition, steadyOnEach } from '../lab/read-hosts.ts';
import { runPlan } from '../lab/run-plan.ts';
import { idOf, type Outcome, readRun, runCommand, runUndo, runUp, startCommand, warningsOf } from '../lab/run-up.ts';
import { allNotReady, namesOf, nodeNames, noPodIsLeft, told } from '../lab/settle.ts';
import { tasksTold } from '../lab/tasks-told.ts';

const snapshot = [filesScript, networkScript, unitsScript, 'exit 0'].join('\n');

/** Starts a run and kills it after that task has begun on a host. */
async function killAt(args: readonly string[], task: string): Promise<Outcome> {
  const { child, outcome } = startCommand([...args, '--output', 'json']);
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
    const event = JSON.parse(line);
    if (event.type === 'task-started' && event.task === task) child.kill('SIGKILL');
  });
  return outcome;
}

describeOwnLab('undo', 2, (lab) => {
  let before: Record<string, string> = {};
  const now = () => onEach(lab(), namesOf(lab()), snapshot);

  beforeAll(async () => {
    await allNotReady(lab(), nodeNames(lab()));
    before = await steadyOnEach(lab(), namesOf(lab()), snapshot);
  });

  test('of a first run that worked leaves the hosts as they were and says what stays', async () => {
    const up = await runUp(lab().inventoryPath);
    expect(up.code, told(up)).toBe(0);
    await allReady(lab(), nodeNames(lab()));
    expect(await now()).not.toEqual(before);

    const foreseen = await runUndo(idOf(up), '--plan');
    expect(foreseen.code, told(foreseen)).toBe(2);
    const run = await runUndo(idOf(up));
    expect(run.code, told(run)).toBe(0);
    expect(await now()).toEqual(before);
    expect(tasksTold(run.events)).toEqual(tasksTold(foreseen.events));
    for (const unit of ['kube-controller-manager', 'kubelet'])
      expect(tasksTold(foreseen.events).join('\n')).toContain(`${unit}.service: restart: `);
    expect(warningsOf(run)).toEqual(warningsOf(foreseen));
    await allNotReady(lab(), nodeNames(lab()));
    const said = warningsOf(run);
    expect(said).toEqual([expect.stringMatching(/Node node1, Node node2: a podCIDR stays/)]);

    // with no agent there, another one may come
    const other = writeInventory(lab(), 'other-backend', ({ all }) => {
      Object.assign(all.vars, { network: { ...all.vars['network'], backend: 'vxlan' } });
    });
    const plan = await runPlan(other);
    expect(plan.codes, plan.stdout).toEqual([]);
    expect(plan.code).toBe(2);

    const again = await runUndo(idOf(up));
    expect(again.codes).toEqual(['NOTHING_TO_UNDO']);
    expect(again.code).toBe(2);
  });

  test('of a run that was killed leaves them as they were too, also when the undo is killed', async () => {
    const { code, stdout } = await killAt(['up', lab().inventoryPath], 'The pod network is configured');
    expect(code).toBeNull();
    const id = idOf(readRun({ code, stdout, stderr: '' }));
    const history = await runCommand(['history', 'show', id, '--output', 'json']);
    expect(JSON.parse(history.stdout)).toMatchObject({ run: id, status: 'unfinished' });

    expect((await killAt(['undo', id], `What run ${id} did is taken back`)).code).toBeNull();
    const run = await runUndo(id);
    expect(run.code, told(run)).toBe(0);
    expect(await now()).toEqual(before);
  });

  test('of a later run is refused where a file was changed since; forced, it keeps Ready nodes Ready', async () => {
    const up = await runUp(lab().inventoryPath);
    expect(up.code, told(up)).toBe(0);
    await noPodIsLeft(lab());
    const before = await now();
    const inventory = writeInventory(lab(), 'undo', ({ all }) => {
      Object.assign(all.vars, { kubelet: { ...all.vars['kubelet'], flags: { 'max-pods': 77 } } });
      Object.assign(all.vars, { network: { ...all.vars['network'], masquerade: false } });
    });
    const later = await runUp(inventory);
    expect(later.code, told(later)).toBe(0);
    const settings = '/etc/provision/static-routes/config';
    await on(lab(), 'node1', `echo '# mine' >>${settings}`);
    await noPodIsLeft(lab());
    const standing = await now();
    expect(standing).not.toEqual(before);

    const earlier = await runUndo(idOf(up));
    expect(earlier.codes).toContain('DRIFTED');
    expect(earlier.failures.map(({ error }) => error.fix).join()).toContain(`provision undo ${idOf(later)}`);
    const refused = await runUndo(idOf(later));
    expect(refused.code).toBe(4);
    expect(refused.failures.map(({ host, error }) => [host, error.code])).toEqual([['node1', 'DRIFTED']]);
    expect(refused.failures[0]?.error.why).toBe(`${settings} was changed by somebody else`);
    expect(await now()).toEqual(standing);

    const foreseen = await runUndo(idOf(later), '--plan', '--force');
    expect(foreseen.code, told(foreseen)).toBe(2);
    expect(tasksTold(foreseen.events).join('\n')).toContain('provision-static-routes.timer: start');
    expect(await now()).toEqual(standing);
    const forced = await runUndo(idOf(later), '--force');
    expect(forced.code, told(forced)).toBe(0);
    expect(tasksTold(forced.events)).toEqual(tasksTold(foreseen.events));
    expect(await now()).toEqual(before);
    const copy = `/var/lib/provision/undo/${idOf(forced)}/overwritten${settings}`;
    expect(await on(lab(), 'node1', `tail -n 1 ${copy}`)).toBe('# mine');
    for (const node of await nodeObjects(lab())) expect(readyCondition(node)?.status).toBe('True');
    expect(await on(lab(), 'node1', 'systemctl is-active provision-static-routes.timer')).toBe('active');
  });

  test('a run that was killed is gone on with by resume', async () => {
    const inventory = writeInventory(lab(), 'resume', ({ all }) => {
      Object.assign(all.vars, { kubelet: { ...all.vars['kubelet'], flags: { 'max-pods': 78 } } });
    });
    const { code } = await killAt(['up', inventory, '--limit', 'node2'], 'The kubelet has the flags of the inventory');
    expect(code).toBeNull();
    const run = readRun(await runCommand(['resume', '--output', 'json']));
    expect(run.code, told(run)).toBe(0);
    expect(await on(lab(), 'node2', 'tr "\\0" " " </proc/$(pidof kubelet)/cmdline')).toContain('--max-pods=78');
    expect(await on(lab(), 'node1', 'tr "\\0" " " </proc/$(pidof kubelet)/cmdline')).not.toContain('--max-pods');
    expect((await runCommand(['resume'])).stderr).toContain('NOTHING_TO_RESUME');
  });
});
