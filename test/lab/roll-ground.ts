import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { KubernetesVersion } from '../../src/lab/kubernetes-version.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { type Clients, startClients } from './clients.ts';
import { describeOwnLab } from './own-lab.ts';
import { eventually, kubectl, nodeObjects, onEach, readyCondition } from './read-hosts.ts';
import { nodeNames, settle } from './settle.ts';
import { wholeState } from './whole-state.ts';

/** What tests of rolls stand on: a cluster of four nodes whose Service is asked all the time. */
export interface Ground {
  readonly lab: Lab;
  readonly clients: Clients;
  /** Cordons a Node as somebody else would; every later test finds it so. */
  cordonByHand(node: string): Promise<void>;
  /** No Node is cordoned but by hand, none has a mark, all are Ready, and no run holds the cluster. */
  expectWell(): Promise<void>;
}

/** A test during which no client may miss an answer, but for those of nodes that lose their power. */
export type RollTest = (name: string, act: (ground: Ground) => Promise<void>, powerless?: readonly string[]) => void;

/** Tests of rolls, one after another on a cluster that each finds well. */
export function describeRolls(name: string, kubernetes: KubernetesVersion, tests: (rollTest: RollTest) => void): void {
  describeOwnLab(
    name,
    4,
    (open) => {
      const byHand = new Set<string>();
      let ground: Ground;

      beforeAll(async () => {
        const lab = open();
        await settle(lab);
        ground = {
          lab,
          clients: await startClients(lab),
          async cordonByHand(node) {
            await kubectl(lab, 'cordon', node);
            byHand.add(node);
          },
          expectWell: () => expectWell(lab, byHand),
        };
      });

      beforeEach(() => ground.expectWell().catch((cause) => beginNot('before', cause)));
      afterEach(() => ground.expectWell().catch((cause) => beginNot('after', cause)));

      tests((name, act, powerless = []) =>
        test(name, async () => {
          const since = ground.clients.now();
          await act(ground);
          ground.clients.expectNoFailure(since, powerless);
        }),
      );
    },
    { controlPlanes: 1, kubernetes },
  );
}

function beginNot(when: 'before' | 'after', cause: unknown): never {
  throw new Error(`the cluster is not well ${when} this test`, { cause });
}

async function expectWell(lab: Lab, byHand: ReadonlySet<string>): Promise<void> {
  const seen = (await nodeObjects(lab)).map((node) => ({
    name: node.metadata.name,
    ready: readyCondition(node)?.status,
    cordoned: node.spec.unschedulable ?? false,
    mark: node.metadata.annotations?.['provision/cordon'],
  }));
  expect(seen).toEqual(
    nodeNames(lab).map((name) => ({ name, ready: 'True', cordoned: byHand.has(name), mark: undefined })),
  );
  expect(await kubectl(lab, '-n', 'kube-system', 'get', 'lease', 'provision', '--ignore-not-found')).toBe('');
}

/** Command lines of the kubelets that run, by node. */
export const kubeletCommands = (lab: Lab): Promise<Record<string, string>> =>
  onEach(lab, nodeNames(lab), "tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value kubelet)/cmdline");

/** How many pods each Node says it takes, once they all say something of the wanted kind. */
export const expectCapacity = (lab: Lab, pods: Readonly<Record<string, string>>): Promise<void> =>
  eventually('the Nodes say how many pods they take', 20, async () => {
    const told = Object.fromEntries(
      (await nodeObjects(lab)).map((node) => [node.metadata.name, node.status.capacity?.['pods']]),
    );
    return Object.entries(pods).every(([node, many]) => told[node] === many) || JSON.stringify(told);
  });

/** The rules of Services, whose pods have moved, and the agent's rounds, which come and go. */
const passing = /^iptables-\w+ .*KUBE-|^$|^provision-static-routes |^\/bin\/sh .*static-routes|^\/run\/systemd/;

/** Everything on hosts that has to be equal, but for what is passing. */
export async function lastingState(lab: Lab, hosts: readonly string[] = nodeNames(lab)) {
  const state = await wholeState(lab);
  return Object.fromEntries(hosts.map((host) => [host, state[host]?.filter((line) => !passing.test(line))]));
}
