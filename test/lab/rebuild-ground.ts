import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { KubernetesVersion } from '../../src/lab/kubernetes-version.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { describeOwnLab } from './own-lab.ts';
import { kubectl, nodeObjects, on, readyCondition } from './read-hosts.ts';
import { watchRun } from './run-roll.ts';
import { type Run, readRun, runCommand, type ToldEvent } from './run-up.ts';
import { told } from './settle.ts';
import { say } from './shared-lab.ts';
import { startTraffic, type Traffic } from './traffic.ts';

/**
 * What tests of rebuilds stand on: two nodes whose pods ask each other all the time, a third one, node2, which is lost again
 * and again, and a blank host.
 */
export interface RebuildGround {
  readonly lab: Lab;
  /** Between pods of node1 and node3. */
  readonly traffic: Traffic;
}

/** A test during which the pods of the other nodes are never cut off from each other. */
export type RebuildTest = (name: string, act: (ground: RebuildGround) => Promise<void>) => void;

/** The node that is lost. */
export const lost = 'node2';
/** The host that is no node until `up` makes one of it. */
export const fifth = 'node5';
/** All Nodes that rebuilds are proven with. */
export const others: readonly string[] = ['node1', 'node3', 'node4'];

/** Tests of rebuilds, one after another on one cluster. */
export function describeRebuilds(
  name: string,
  kubernetes: KubernetesVersion,
  tests: (rebuildTest: RebuildTest) => void,
): void {
  describeOwnLab(
    name,
    4,
    (open) => {
      let ground: RebuildGround;
      beforeAll(async () => {
        const lab = open();
        await kubectl(lab, 'label', 'node', lost, 'rebuilt=as-before');
        // in the folder of the rebuilds: what it has seen of Nodes is kept there
        const run = await watchRun(['up', lab.inventoryPath, '--limit', `!${fifth}`], { folder: lab.folder }, () => {});
        expect(run.code, told(run)).toBe(0);
        ground = { lab, traffic: await startTraffic(lab, ['node1', 'node3']) };
      });
      tests((title, act) =>
        test(title, async () => {
          const since = ground.traffic.now();
          await act(ground);
          sayDisturbance(title, ground.traffic.requests(since));
          expect(ground.traffic.gaps(since)).toEqual({ node1: [], node3: [] });
        }),
      );
    },
    { controlPlanes: 1, blankNodes: 1, kubernetes },
  );
}

/** How long pods of the other nodes had to wait for each other, at most. */
function sayDisturbance(title: string, requests: ReturnType<Traffic['requests']>): void {
  const told = Object.entries(requests).map(([node, tries]) => {
    const good = tries.filter(({ outcome }) => outcome === 'good');
    const longest = Math.max(0, ...good.slice(1).map(({ end }, index) => end - (good[index]?.end ?? end)));
    return `${good.length} of ${tries.length} answered on ${node}, ${longest.toFixed(1)} s between two at most`;
  });
  say(`others during "${title}": ${told.join('; ')}`);
}

/** The fingerprint of a host's key, as its console would show it. */
export const fingerprintOf = async (lab: Lab, host: string): Promise<string> =>
  (await on(lab, host, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).split(' ')[1] ?? '';

export const knownHosts = (lab: Lab): string => readFileSync(lab.knownHostsPath, 'utf8');

/** Logins on a host by anybody but the lab itself, whose connections come from the same machine: all there were. */
export const loginsOn = (lab: Lab, host: string): Promise<string> =>
  on(lab, host, 'journalctl -q -u ssh --no-pager | grep -c Accepted || :');

/** Runs `rebuild --node NAME --yes` in the lab's folder and reads its events. */
export const runRebuild = async (lab: Lab, inventory: string, ...options: readonly string[]): Promise<Run> =>
  readRun(
    await runCommand(
      ['rebuild', inventory, '--node', lost, '--yes', '--output', 'json', ...options],
      {},
      { folder: lab.folder },
    ),
  );

/** The same, with its events as they come. */
export const watchRebuild = (
  { folder }: Lab,
  inventory: string,
  options: readonly string[],
  onEvent: (event: ToldEvent) => void,
): Promise<Run> => watchRun(['rebuild', inventory, '--node', lost, '--yes', ...options], { folder }, onEvent);

/** Runs a command with events to its end, expects success, and says how long it took to Ready. */
export async function timeToReady(
  what: string,
  start: (onEvent: (event: ToldEvent) => void) => Promise<Run>,
): Promise<Run> {
  const began = Date.now();
  let readyMs = 0;
  const run = await start((event) => {
    if (event.type === 'task-finished' && /^(The Node is|Nodes are) Ready$/.test(event.task))
      readyMs = Date.now() - began;
  });
  expect(run.code, told(run)).toBe(0);
  const seconds = (ms: number): number => Math.round(ms / 1000);
  say(`${what}: ${seconds(readyMs)} s from the command to Ready, ${seconds(Date.now() - began)} s in all`);
  return run;
}

/** What a Node is to be again after its machine was lost. */
export async function nodeIdentity(lab: Lab, name = lost) {
  const node = (await nodeObjects(lab)).find(({ metadata }) => metadata.name === name);
  return {
    podCidr: node?.spec.podCIDR,
    label: (node?.metadata as { labels?: Record<string, string> } | undefined)?.labels?.['rebuilt'],
    isCordoned: node?.spec.unschedulable ?? false,
    mark: node?.metadata.annotations?.['provision/cordon'],
  };
}

/** The Node is Ready at the address of its host, as it was before, and no range is of two Nodes. */
export async function expectBack(lab: Lab, before: Awaited<ReturnType<typeof nodeIdentity>>): Promise<void> {
  const nodes = await nodeObjects(lab);
  const node = nodes.find(({ metadata }) => metadata.name === lost);
  expect(node && readyCondition(node)?.status).toBe('True');
  expect(node?.status.addresses.find(({ type }) => type === 'InternalIP')?.address).toBe(lab.host(lost).address);
  expect(await nodeIdentity(lab)).toEqual(before);
  const ranges = nodes.map(({ spec }) => spec.podCIDR);
  expect(new Set(ranges).size).toBe(ranges.length);
}
