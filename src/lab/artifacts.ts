import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { flannelImages } from './flannel-image.ts';
import type { FlannelVersion } from './flanneld-build.ts';
import { isCurrent } from './kubernetes-version.ts';
import type { LabState } from './state.ts';

const subfolder = 'artifacts';

/** A file as an inventory names it. */
export interface Artifact {
  /** Relative to the lab's folder. */
  readonly path: string;
  readonly sha256: string;
}

export type FlanneldArtifact = Artifact & { readonly version: string };

export type ImagesArtifact = Artifact & { readonly names: readonly string[] };

/** What the inventory says under `artifacts`. */
export interface Artifacts {
  readonly cni_plugins: Artifact;
  readonly flannel_cni_plugin?: Artifact;
  readonly flanneld?: FlanneldArtifact;
  readonly images?: readonly ImagesArtifact[];
}

/**
 * Copies into the lab's folder what hosts need, each as it was at its time: with flanneld before 1.0 of the CNI plugins
 * their tarball has the plugin flannel in it, with a later one it has not, and the plugin is a program of its own.
 */
export async function placeArtifacts(labFolder: string, state: LabState): Promise<Artifacts | undefined> {
  const { parts, flanneld } = state;
  if (parts === null) return undefined;
  const bundled = { cni_plugins: await place(labFolder, parts.cniPlugins) };
  const separate = {
    cni_plugins: await place(labFolder, parts.cniPluginsWithoutFlannel),
    flannel_cni_plugin: await place(labFolder, parts.flannelCniPlugin),
  };
  if (flanneld === undefined) return isCurrent(state.kubernetes) ? separate : bundled;
  const plugins = flanneld.version === '0.28.7' ? separate : bundled;
  if (state.flannelImage !== undefined) {
    const image = await place(labFolder, state.flannelImage, `flannel-v${flanneld.version}.tar`);
    return { ...plugins, images: [{ ...image, names: [flannelImages[flanneld.version]] }] };
  }
  const daemon = await placeFlanneld(labFolder, flanneld.program, flanneld.version);
  return { ...plugins, flanneld: daemon };
}

/** A built flanneld among the lab's artifacts, with its version in its name. */
export async function placeFlanneld(
  labFolder: string,
  program: string,
  version: FlannelVersion,
): Promise<FlanneldArtifact> {
  return { ...(await place(labFolder, program, `flanneld-v${version}`)), version };
}

/** A copy of a file in the lab's folder. */
export async function place(labFolder: string, source: string, name = basename(source)): Promise<Artifact> {
  const path = `./${subfolder}/${name}`;
  const copy = join(labFolder, path);
  await mkdir(join(labFolder, subfolder), { recursive: true });
  if (!existsSync(copy)) {
    await copyFile(source, `${copy}.unfinished`);
    await rename(`${copy}.unfinished`, copy);
  }
  const sha256 = createHash('sha256').update(await readFile(copy));
  return { path, sha256: sha256.digest('hex') };
}
