import type { ChildProcess } from 'node:child_process';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { placeFlanneld } from '../../src/lab/artifacts.ts';
import { buildFlanneld } from '../../src/lab/flanneld-build.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { carrierBase } from './carrier.ts';
import { writeInventory } from './inventories.ts';
import { watchRun } from './run-roll.ts';
import { type Run, readRun, runCommand, type ToldEvent } from './run-up.ts';
import { say } from './shared-lab.ts';
import type { Traffic } from './traffic.ts';
import { longestSilence } from './traffic-log.ts';

export interface Network {
  readonly agent: 'static-routes' | 'flannel' | 'flannel-daemonset';
  readonly backend: 'host-gw' | 'vxlan';
  readonly port?: number;
  /** How plugins come to nodes; `host` unless said. */
  readonly delivery?: 'init-container';
}

export const titleOf = ({ agent, backend, port, delivery }: Network): string =>
  [`${agent} ${backend}`, ...(port === undefined ? [] : [`port ${port}`]), ...(delivery ? [delivery] : [])].join(', ');

const release = '0.28.7';

/** Writes inventories of a lab of flannel in pods that say another network, with all that any of them needs. */
export async function openNetworks(lab: Lab): Promise<(network: Network) => string> {
  const program = await buildFlanneld(labCacheFolder(), release, say);
  const flanneld = await placeFlanneld(lab.folder, program, release);
  const base = await carrierBase(lab);
  return ({ agent, backend, port, delivery }) =>
    writeInventory(lab, `${agent}-${backend}-${port ?? 'usual'}-${delivery ?? 'host'}`, ({ all }) => {
      Object.assign(all.vars['artifacts'] ?? {}, { flanneld, ...(delivery && { carrier_base: base }) });
      // brought to the nodes by the change that needs it
      if (agent !== 'flannel-daemonset') delete all.vars['artifacts']?.['images'];
      if (delivery) all.vars['cni'] = { delivery };
      const flannel = agent === 'flannel-daemonset' ? { flannel: { version: release } } : {};
      all.vars['network'] = { agent, backend, ...flannel, ...(port !== undefined && { vxlan: { port } }) };
    });
}

/** Runs `network change INVENTORY --output json` in the lab's folder and reads its events. */
export const runNetworkChange = async (lab: Lab, inventory: string, ...options: readonly string[]): Promise<Run> =>
  readRun(
    await runCommand(['network', 'change', inventory, '--output', 'json', ...options], {}, { folder: lab.folder }),
  );

export const watchNetworkChange = (
  lab: Lab,
  inventory: string,
  onEvent: (event: ToldEvent, child: ChildProcess) => void,
): Promise<Run> => watchRun(['network', 'change', inventory, '--yes'], { folder: lab.folder }, onEvent);

export interface Cut {
  readonly asked: number;
  readonly failed: number;
  /** Answers to a pod whose address the server did not see. */
  readonly foreign: number;
  /** Clients that began anew. */
  readonly started: number;
  /** The longest time in which one of the pods had no answer, in seconds. */
  readonly silence: number;
}

/** What pods that ask each other went through since then. */
export function measureCut(traffic: Traffic, since: number): Cut {
  const all = Object.values(traffic.requests(since));
  const count = (outcome: string): number => all.flat().filter((one) => one.outcome === outcome).length;
  return {
    asked: all.flat().length,
    failed: count('failed'),
    foreign: count('foreign'),
    started: count('started'),
    silence: Math.max(...all.map(longestSilence)),
  };
}
