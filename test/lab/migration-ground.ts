import { expect } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { type Clients, startClients } from './clients.ts';
import { networksOf, podsAreOn, setUpEtcdFlannel } from './etcd-flannel-ground.ts';
import type { EtcdApi } from './etcd-ground.ts';
import { writeInventory } from './inventories.ts';
import { allReady, kubectl } from './read-hosts.ts';
import { runUp } from './run-up.ts';
import { nodeNames, told } from './settle.ts';
import { say } from './shared-lab.ts';

type Backend = 'vxlan' | 'host-gw';

/** How an operator's own flannel with etcd is, and how the agent is to carry packets that comes after it. */
interface Migrated {
  readonly from: Backend;
  readonly api: EtcdApi;
  readonly to: Backend;
}

/** A cluster on docker0 with clients on every node, and what it is measured by on its way to the pod network. */
export interface MigrationGround {
  readonly clients: Clients;
  readonly before: Readonly<Record<string, string>>;
  /** Nodes go one by one. */
  inventory(name: string, change?: (hosts: Record<string, Record<string, unknown>>) => void): string;
  /** Says how the clients fared since then; of their requests none failed but at a client's end, which comes with the turn of its node. */
  report(what: string, since: number): void;
  /** All requests of ten seconds from now on are answered. */
  holds(): Promise<void>;
  isWell(): Promise<void>;
  expectOld(): Promise<void>;
  expectNew(): Promise<void>;
}

export async function prepareMigration(lab: Lab, { from, api, to }: Migrated): Promise<MigrationGround> {
  await setUpEtcdFlannel(lab, from, api);
  const clients = await startClients(lab);
  const before = await networksOf(lab);

  const inventory: MigrationGround['inventory'] = (name, change = () => {}) =>
    writeInventory(lab, name, ({ all }) => {
      all.vars['network'] = { ...all.vars['network'], backend: to };
      all.vars['roll'] = { batches: 1, soak_seconds: 2, drain_seconds: 120 };
      change(all.children.nodes.hosts);
    });
  const isWell = async (): Promise<void> => {
    const seen = JSON.parse(await kubectl(lab, 'get', 'nodes', '-o', 'json')).items;
    for (const { spec, metadata } of seen) {
      expect(spec.unschedulable, metadata.name).toBeUndefined();
      expect(metadata.annotations?.['provision/cordon'], metadata.name).toBeUndefined();
    }
    await allReady(lab, nodeNames(lab));
  };
  return {
    clients,
    before,
    inventory,
    isWell,
    report(what, since) {
      const seconds = Math.round(clients.now() - since);
      for (const [node, { asked, failed, failedAtItsEnd, longestSeconds, starts }] of Object.entries(
        clients.measure(since),
      )) {
        say(
          `${what} (${seconds} s): from ${node} ${asked} requests, ${failed} failed and ${failedAtItsEnd} more while the client was ended; at most ${longestSeconds} s without an answer; started ${starts} times`,
        );
        expect(failed, `from ${node}`).toBe(0);
      }
    },
    async holds() {
      const since = clients.now();
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      clients.expectNoFailure(since);
    },
    async expectOld() {
      await podsAreOn(lab, '172.30.');
      expect(await networksOf(lab)).toEqual(before);
      await isWell();
    },
    async expectNew() {
      await podsAreOn(lab, '10.5.');
      for (const [node, text] of Object.entries(await networksOf(lab))) {
        const lines = text.split('\n');
        expect(lines, node).toEqual(
          expect.arrayContaining([
            expect.stringMatching(/^docker0 172\.17\./),
            'flanneld inactive disabled',
            expect.stringMatching(/^dockerd (?!.*(172\.30|--mtu|--ip-masq)).* --bip=172\.17\.0\.1\/16/),
            'kubelet 1',
            // by VXLAN a host without pods is a peer too
            `routes 0 of old, ${to === 'vxlan' ? 2 : 1} of ours`,
            'rules 0',
            `links ${to === 'vxlan' ? 1 : 0}`,
            'subnet.env 10.5.0.0/16',
          ]),
        );
      }
      await isWell();
      const quiet = await runUp(inventory('quiet'));
      expect(quiet.code, told(quiet)).toBe(0);
      expect(quiet.changed).toEqual([]);
    },
  };
}
