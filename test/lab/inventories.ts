import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Lab } from '../../src/lab/lab.ts';

type Settings = Record<string, Record<string, unknown>>;

/** The lab's inventory as data, to be changed. */
export interface InventoryData {
  all: {
    vars: Settings & Record<string, unknown>;
    children: Record<'control_plane' | 'nodes', { vars?: Settings; hosts: Record<string, Record<string, unknown>> }>;
  };
}

/** What the lab's inventory has under `artifacts`, each sent once to every node. */
export const artifactsOf = (lab: Lab): string[] =>
  Object.keys(parse(readFileSync(lab.inventoryPath, 'utf8')).all.vars.artifacts);

/** Writes a changed copy of the lab's inventory beside it; returns its path. */
export function writeInventory(lab: Lab, name: string, change: (inventory: InventoryData) => void): string {
  const inventory: InventoryData = parse(readFileSync(lab.inventoryPath, 'utf8'));
  change(inventory);
  return writeInventoryText(lab, name, () => stringify(inventory));
}

/** The same with the text, where lines and columns matter. */
export function writeInventoryText(lab: Lab, name: string, change: (text: string) => string): string {
  const path = join(lab.folder, `test-${name}.yaml`);
  writeFileSync(path, change(readFileSync(lab.inventoryPath, 'utf8')));
  return path;
}
