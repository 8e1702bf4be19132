import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentKubernetes, dockershimKubernetes } from '../../src/lab/kubernetes-version.ts';
import { differences, fileSystem } from '../lab/file-system.ts';
import { networkScript, unitsScript } from '../lab/host-snapshot.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, eventually, kubectl, nodeObjects, on, podCidrs, routesOf } from '../lab/read-hosts.ts';
import { runResume, watchRun } from '../lab/run-roll.ts';
import { type Run, readRun, runCommand, runUp } from '../lab/run-up.ts';
import { allNotReady, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';

/** The node of an operator, and the host that is blank at first. */
const [theirs, blank] = ['node1', 'node2'] as const;

/** What programs of an operator write while they run. */
const ofTheirs = ['/var/lib/kubelet', '/var/lib/containerd', '/var/log/pods', '/var/log/containers'];

const state = [networkScript, unitsScript, 'ls -d /run/netns/* /run/flannel 2>/dev/null', 'exit 0'].join('\n');

for (const kubernetes of [dockershimKubernetes, currentKubernetes])
  describeOwnLab(
    `reset with ${kubernetes}`,
    1,
    (lab) => {
      // no journal is there: a host itself knows what was done to it
      const folder = mkdtempSync(join(tmpdir(), 'provision-reset-'));
      const files = (host: string) => fileSystem(lab(), host, host === theirs ? ofTheirs : []);
      const now = (host: string) => on(lab(), host, state);
      const before = new Map<string, { files: ReadonlySet<string>; state: string }>();
      const argsOf = (node: string): string[] => ['reset', lab().inventoryPath, '--node', node, '--yes'];

      const reset = async (node: string, ...options: string[]): Promise<Run> => {
        const began = Date.now();
        const run = readRun(await runCommand([...argsOf(node), '--output', 'json', ...options], {}, { folder }));
        say(
          `reset of ${node} ${options.join(' ')}: ${((Date.now() - began) / 1000).toFixed(1)} s, exit code ${run.code}`,
        );
        return run;
      };

      async function expectAsBefore(host: string): Promise<void> {
        const seen = before.get(host);
        expect(differences(seen?.files ?? new Set(), await files(host))).toEqual([]);
        expect(await now(host)).toBe(seen?.state);
      }

      beforeAll(async () => {
        await allNotReady(lab(), [theirs]);
        for (const host of [theirs, blank]) before.set(host, { files: await files(host), state: await now(host) });
        const first = await runUp(lab().inventoryPath);
        expect(first.code, told(first)).toBe(0);
        const other = writeInventory(lab(), 'reset', ({ all }) => {
          Object.assign(all.vars, { kubelet: { ...all.vars['kubelet'], flags: { 'max-pods': 77 } } });
        });
        const second = await runUp(other);
        expect(second.code, told(second)).toBe(0);
        await allReady(lab(), [theirs, blank]);
      });

      afterAll(() => rmSync(folder, { recursive: true }));

      test('a node that runs pods is left as it is, and so is one with a file that somebody changed', async () => {
        await kubectl(
          lab(),
          'run',
          'lasting',
          '--image=lab.invalid/verify:1',
          '--restart=Never',
          `--overrides=${JSON.stringify({ spec: { nodeName: blank } })}`,
          '--',
          'sleep',
          '100000',
        );
        await kubectl(lab(), 'wait', '--for=condition=Ready', 'pod/lasting', '--timeout=60s');
        await on(lab(), theirs, "echo '# mine' >>/etc/provision/static-routes/config");
        const [inUse, drifted] = [await reset(blank), await reset(theirs)];
        expect([inUse.code, inUse.codes], told(inUse)).toEqual([5, ['NODE_IN_USE']]);
        expect(inUse.failures[0]?.error.why).toBe('default/lasting');
        expect([drifted.code, drifted.codes], told(drifted)).toEqual([4, ['DRIFTED']]);
        expect(drifted.failures[0]?.error.why).toContain('/etc/provision/static-routes/config');
        await on(lab(), theirs, "sed -i '$d' /etc/provision/static-routes/config");
        await allReady(lab(), [theirs, blank]);
      });

      test('a host that two runs made a node of is as before them, from a folder without a journal', async () => {
        const range = (await podCidrs(lab()))[blank];
        const run = await reset(blank, '--force');
        expect(run.code, told(run)).toBe(0);
        await expectAsBefore(blank);
        expect((await nodeObjects(lab())).map(({ metadata }) => metadata.name)).toEqual([theirs]);
        for (const host of ['cp1', theirs]) expect((await routesOf(lab(), host)).join()).not.toContain(range);
        const again = await reset(blank);
        expect([again.code, again.changed], told(again)).toEqual([0, []]);
      });

      test('a node of an operator is as before the first run; killed half-way, it is gone on with', async () => {
        await eventually('no pod is left there', 60, async () => {
          const containers = await on(lab(), theirs, 'ctr -n k8s.io containers ls -q');
          return containers === '' || containers;
        });
        const killed = await watchRun(argsOf(theirs), { folder: lab().folder }, (event, child) => {
          if (event.type === 'task-started' && event.task === 'What all runs did is taken back') child.kill('SIGKILL');
        });
        expect(killed.code).toBeNull();
        const run = await runResume(lab());
        expect(run.code, told(run)).toBe(0);
        await expectAsBefore(theirs);
        await allNotReady(lab(), [theirs]);
        const [node] = await nodeObjects(lab());
        expect(node?.spec.unschedulable).toBeUndefined();
        expect(await routesOf(lab(), 'cp1')).toEqual([]);
        const history = await runCommand(['history'], {}, { folder: lab().folder });
        expect(history.stdout).toMatch(/ reset +unfinished[\s\S]* reset +changed/);
      });
    },
    { blankNodes: 1, controlPlanes: 1, hasSoftware: true, kubernetes },
  );
