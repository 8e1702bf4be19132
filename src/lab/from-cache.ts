import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { containerdLayer, newerContainerds } from './containerd-releases.ts';
import { openPrivateApt, type PrivateApt } from './debian-archive.ts';
import { buildKubernetes } from './kubernetes-build.ts';
import { isCurrent, type KubernetesVersion } from './kubernetes-version.ts';
import { prepareMachine } from './machine.ts';
import { type Parts, packParts } from './parts.ts';
import { gatherSoftware } from './software.ts';
import type { LabState } from './state.ts';
import { buildTemplate } from './template.ts';

interface CacheOptions {
  readonly cacheFolder: string;
  /** Hosts only, no cluster. */
  readonly bare?: boolean;
  /** What makes nodes of blank hosts, too. */
  readonly hasSoftware?: boolean;
  readonly say: (line: string) => void;
}

/** What comes from the cache, made first where it is not there yet. */
export async function takeFromCache(
  folder: string,
  version: KubernetesVersion,
  { cacheFolder, bare = false, hasSoftware = false, say }: CacheOptions,
): Promise<Pick<LabState, 'template' | 'parts' | 'kubernetes' | 'software'>> {
  const machine = await prepareMachine(folder, say);
  await mkdir(cacheFolder, { recursive: true });
  const aptFolder = await mkdtemp(join(cacheFolder, 'apt-'));
  try {
    const apt = await openPrivateApt(aptFolder, machine.sources);
    if (bare) return { template: await buildTemplate(cacheFolder, apt.sourcesFile, say), parts: null };
    const newer = await openPrivateApt(join(aptFolder, 'newer'), machine.newerSources);
    const [kubernetes, template, containerds] = await Promise.all([
      buildKubernetes(version, cacheFolder, apt, say),
      buildTemplate(cacheFolder, apt.sourcesFile, say),
      isCurrent(version) ? fetchContainerds(newer, { cacheFolder, say }) : {},
    ]);
    const built = { version, template, kubernetes, containerds };
    const parts = await packParts(cacheFolder, built, apt, say);
    const software = hasSoftware
      ? { software: await gatherSoftware(cacheFolder, { ...built, parts }, { own: apt, newer }, say) }
      : {};
    return { template, kubernetes: version, parts, ...software };
  } finally {
    await rm(aptFolder, { recursive: true, force: true });
  }
}

async function fetchContainerds(apt: PrivateApt, { cacheFolder, say }: CacheOptions): Promise<Parts['containerds']> {
  const fetched = newerContainerds.map(
    async (one) => [one, await containerdLayer(one, cacheFolder, apt, say)] as const,
  );
  return Object.fromEntries(await Promise.all(fetched));
}
