import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlannelVersion } from './flanneld-build.ts';
import type { KubernetesVersion } from './kubernetes-version.ts';
import type { Parts } from './parts.ts';
import type { Software } from './software.ts';

/** What the lab's inventory says under `network`. */
export interface LabNetwork {
  readonly agent: 'static-routes' | 'flannel' | 'flannel-daemonset';
  readonly backend: 'host-gw' | 'vxlan';
}

/** What a lab remembers in its folder. */
export interface LabState {
  readonly slot: number;
  /** Folder of the root file system under all hosts. */
  readonly template: string;
  /** What the cluster's hosts share; null for hosts without a cluster. */
  readonly parts: Parts | null;
  /** Names of all hosts, control plane first. */
  readonly hosts: readonly string[];
  /** Those nodes whose kubelet runs pods by Docker, through dockershim; the others have containerd. */
  readonly dockerHosts?: readonly string[];
  /** Addresses of hosts that came back elsewhere. */
  readonly moved?: Readonly<Record<string, string>>;
  /** Those nodes that are blank: what makes nodes of them is among the artifacts. */
  readonly blankHosts?: readonly string[];
  /** There where blank hosts were asked for. */
  readonly software?: Software;
  /** 1.20.2 unless said. */
  readonly kubernetes?: KubernetesVersion;
  /** Every host is on a link of its own, with a router between them. */
  readonly isRouted?: boolean;
  /** static-routes over host-gw unless said. */
  readonly network?: LabNetwork;
  /** The flanneld that is among the artifacts. */
  readonly flanneld?: { readonly version: FlannelVersion; readonly program: string };
  /** An archive with its image, for pods. */
  readonly flannelImage?: string;
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
