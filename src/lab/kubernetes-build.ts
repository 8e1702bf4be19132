import type { PrivateApt } from './debian-archive.ts';
import { kubernetesFromDebian } from './kubernetes-from-debian.ts';
import { kubernetesFromModules } from './kubernetes-from-modules.ts';
import { isCurrent, type KubernetesVersion } from './kubernetes-version.ts';

/** The folder of the programs and of `pause`, built once. LAB_KUBERNETES_IMPOSSIBLE where a machine cannot. */
export const buildKubernetes = (
  version: KubernetesVersion,
  cacheFolder: string,
  apt: PrivateApt,
  say: (line: string) => void,
): Promise<string> =>
  isCurrent(version) ? kubernetesFromModules(cacheFolder, say) : kubernetesFromDebian(cacheFolder, apt, say);
