import { rm } from 'node:fs/promises';
import type { Lab } from '../../src/lab/lab.ts';
import { writeInventory } from '../../src/lab/lab-folder.ts';
import { readState, writeState } from '../../src/lab/state.ts';
import { kubectl } from './read-hosts.ts';

/** Takes a node out of the lab as if it had never been added. */
export async function removeNode(lab: Lab, name: string): Promise<void> {
  const { folder } = lab.host(name);
  const state = readState(lab.folder);
  if (!state) throw new Error(`there is no lab in ${lab.folder}`);
  await lab.cut(name);
  await kubectl(lab, 'delete', 'node', name, '--ignore-not-found');
  const next = { ...state, hosts: state.hosts.filter((host) => host !== name) };
  await writeState(lab.folder, next);
  await writeInventory(lab.folder, next);
  await rm(folder, { recursive: true, force: true });
}
