import { labCacheFolder } from '../../src/cli/lab.ts';
import { buildFlanneld, flannelVersions } from '../../src/lab/flanneld-build.ts';
import { kubernetesFromModules } from '../../src/lab/kubernetes-from-modules.ts';

type Say = (line: string) => void;

/** Every release of flanneld that labs can have, built once. */
export async function buildFlannelds(say: Say): Promise<void> {
  for (const version of flannelVersions) await buildFlanneld(labCacheFolder(), version, say);
}

/** Today's Kubernetes, built once. */
export async function buildCurrentKubernetes(say: Say): Promise<void> {
  await kubernetesFromModules(labCacheFolder(), say);
}
