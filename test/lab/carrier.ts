import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { place } from '../../src/lab/artifacts.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { readState } from '../../src/lab/state.ts';
import { type InventoryData, writeInventory } from './inventories.ts';

type Vars = InventoryData['all']['vars'];

/** What images with CNI plugins are built on here: busybox, in the lab's folder. */
export const carrierBase = (lab: Lab) =>
  place(lab.folder, join(readState(lab.folder)?.parts?.nodeLayer ?? '', 'opt/k8s/images/verify.tar'));

/** The lab's inventory with CNI plugins out of an image, on busybox; returns its path. */
export async function carrierInventory(
  lab: Lab,
  name: string,
  change: (vars: Vars) => void = () => {},
): Promise<string> {
  const base = await carrierBase(lab);
  return writeInventory(lab, name, ({ all: { vars } }) => {
    vars['cni'] = { delivery: 'init-container' };
    vars['artifacts'] = { ...vars['artifacts'], carrier_base: base };
    change(vars);
  });
}

interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

export const artifactOf = (inventory: string, name: string): Artifact | undefined =>
  parse(readFileSync(inventory, 'utf8')).all.vars.artifacts[name];

/** By name, the SHA-256 of each plugin as the files of that inventory have it. */
export function pluginDigests(lab: Lab, inventory: string): Record<string, string> {
  const folder = join(lab.folder, `plugins-${Date.now()}`);
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', join(lab.folder, artifactOf(inventory, 'cni_plugins')?.path ?? ''), '-C', folder]);
  const own = artifactOf(inventory, 'flannel_cni_plugin');
  if (own) execFileSync('cp', [join(lab.folder, own.path), join(folder, 'flannel')]);
  const lines = execFileSync('sh', ['-c', 'sha256sum *'], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
  execFileSync('rm', ['-rf', folder]);
  return Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

/** Prints `SHA256 NAME` of what is in the folder of plugins, for `digestsIn`. */
export const digestsScript = 'cd /opt/cni/bin && sha256sum *';

export const digestsIn = (output: string): Record<string, string> =>
  Object.fromEntries(output.split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
