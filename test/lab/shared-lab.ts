import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { ProvisionError } from '../../src/errors.ts';
import { labDown } from '../../src/lab/down.ts';
import { labUp } from '../../src/lab/up.ts';

/** Where the tests' lab is, or why there can be none. */
export type LabOffer = { readonly folder: string } | { readonly impossible: string };

declare module 'vitest' {
  interface ProvidedContext {
    lab: LabOffer;
  }
}

export const repositoryFolder = join(import.meta.dirname, '../..');
export const testLabFolder = join(repositoryFolder, '.provision/lab-test');

export const say = (line: string): void => void process.stdout.write(`lab: ${line}\n`);

/** One lab for all files of the project: two control-plane hosts and two nodes, gone afterwards unless PROVISION_KEEP_LAB=1. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const keep = process.env['PROVISION_KEEP_LAB'] === '1';
  try {
    if (!keep) await labDown(testLabFolder);
    await labUp({ folder: testLabFolder, cacheFolder: labCacheFolder(), nodes: 2, say });
  } catch (error) {
    if (!(error instanceof ProvisionError) || error.code !== 'LAB_IMPOSSIBLE') throw error;
    if (process.env['PROVISION_LAB'] === 'required') throw error;
    say(`no test that needs a lab is run: ${error.why}`);
    project.provide('lab', { impossible: error.why ?? error.what });
    return undefined;
  }
  project.provide('lab', { folder: testLabFolder });
  return async () => {
    if (!keep) await labDown(testLabFolder);
  };
}
