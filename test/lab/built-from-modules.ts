import { labCacheFolder } from '../../src/cli/lab.ts';
import { buildFlanneld, flannelVersions } from '../../src/lab/flanneld-build.ts';
import { kubernetesFromModules } from '../../src/lab/kubernetes-from-modules.ts';

type Say = (line: string) => void;

/** Only one lab has it, which builds it then. */
const isRare = (version: string): boolean => version === '0.17.0';

/** The releases of flanneld that labs of several tests have, built once. */
export async function buildFlannelds(say: Say): Promise<void> {
  for (const version of flannelVersions.filter((one) => !isRare(one)))
    await buildFlanneld(labCacheFolder(), version, say);
}

/** Today's Kubernetes, built once. */
export async function buildCurrentKubernetes(say: Say): Promise<void> {
  await kubernetesFromModules(labCacheFolder(), say);
}
