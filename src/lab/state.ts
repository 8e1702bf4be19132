import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Parts } from './parts.ts';

/** What a lab remembers in its folder. */
export interface LabState {
  readonly slot: number;
  /** Folder of the root file system under all hosts. */
  readonly template: string;
  /** What the cluster's hosts share; null for hosts without a cluster. */
  readonly parts: Parts | null;
  /** Names of all hosts, control plane first. */
  readonly hosts: readonly string[];
}

const fileOf = (folder: string): string => join(folder, 'lab.json');

export function readState(folder: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeState(folder: string, state: LabState): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(`${fileOf(folder)}.new`, `${JSON.stringify(state)}\n`);
  await rename(`${fileOf(folder)}.new`, fileOf(folder));
}
