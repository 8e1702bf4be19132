import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { ProvisionError } from '../../src/errors.ts';
import { labDown } from '../../src/lab/down.ts';
import { currentKubernetes, dockershimKubernetes, type KubernetesVersion } from '../../src/lab/kubernetes-version.ts';
import { labUp } from '../../src/lab/up.ts';
import { buildCurrentKubernetes, buildFlannelds } from './built-from-modules.ts';

/** Where the tests' lab is, or why there can be none. */
export type LabOffer =
  | {
      readonly folder: string;
      /** Why labs can have no flanneld. */
      readonly withoutFlanneld?: string;
      /** Why labs can have no Kubernetes of today. */
      readonly withoutCurrent?: string;
    }
  | { readonly impossible: string };

declare module 'vitest' {
  interface ProvidedContext {
    lab: LabOffer;
  }
}

export const repositoryFolder = join(import.meta.dirname, '../..');

/** The shared lab of each project of tests: its folder, and the Kubernetes in it. */
const sharedLabs: Readonly<Record<string, { readonly folder: string; readonly kubernetes: KubernetesVersion }>> = {
  'lab-core': { folder: 'lab-test', kubernetes: dockershimKubernetes },
  'lab-core-current': { folder: 'lab-test-current', kubernetes: currentKubernetes },
};

export const say = (line: string): void => void process.stdout.write(`lab: ${line}\n`);

/** Errors that mean: this machine can have no such lab. */
const mayBeMissing = new Set(['LAB_IMPOSSIBLE', 'LAB_KUBERNETES_IMPOSSIBLE']);

async function buildForLaterLabs(): Promise<void> {
  await buildCurrentKubernetes(say);
  await buildFlannelds(say);
}

/** One lab for all files of the project: two control-plane hosts and two nodes, gone afterwards unless PROVISION_KEEP_LAB=1. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const keep = process.env['PROVISION_KEEP_LAB'] === '1';
  const shared = sharedLabs[project.name];
  if (shared === undefined) throw new Error(`there is no shared lab for ${project.name}`);
  const folder = join(repositoryFolder, '.provision', shared.folder);
  try {
    if (!keep) await labDown(folder);
    await labUp({ folder, cacheFolder: labCacheFolder(), nodes: 2, kubernetes: shared.kubernetes, say });
  } catch (error) {
    if (!(error instanceof ProvisionError) || !mayBeMissing.has(error.code)) throw error;
    if (process.env['PROVISION_LAB'] === 'required') throw error;
    say(`no test that needs a lab is run: ${error.why}`);
    project.provide('lab', { impossible: error.why ?? error.what });
    return undefined;
  }
  project.provide('lab', { folder });
  // Where every lab is required, what later ones are made of is built while these tests wait for hosts.
  const isFirst = process.env['PROVISION_LAB'] === 'required' && shared.kubernetes === dockershimKubernetes;
  const building = isFirst ? buildForLaterLabs() : Promise.resolve();
  building.catch(() => {}); // told at the end
  return async () => {
    if (!keep) await labDown(folder);
    await building;
  };
}
