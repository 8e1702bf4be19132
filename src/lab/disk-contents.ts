import { join } from 'node:path';
import { openAuthority, openServiceAccountKey } from './certificates.ts';
import { type ContainerdVersion, newerContainerds } from './containerd-releases.ts';
import { apiServerUrl, firstControlPlane, furtherControlPlane } from './control-plane.ts';
import type { Disk } from './disk.ts';
import { dockershimNode } from './docker-node.ts';
import { dockershimKubernetes, isCurrent } from './kubernetes-version.ts';
import { containerdNode } from './node.ts';
import { addressOf, describeSlot } from './slot.ts';
import type { LabState } from './state.ts';

export const authorityFolder = (labFolder: string): string => join(labFolder, 'ssl');

/** The disk of a host with nothing on it but Debian; where the lab can make a node of it, without any container runtime. */
export const bareDisk = (state: LabState): Disk => ({
  layers: [state.software?.blank ?? state.template],
  files: [],
  units: new Map(),
  isRouted: state.isRouted ?? false,
});

/** The disk of a host as its place in the cluster wants it: cp1, a further control-plane host, or a node. */
export async function clusterDisk(labFolder: string, state: LabState, name: string): Promise<Disk> {
  if (state.parts === null || state.blankHosts?.includes(name)) return bareDisk(state);
  const kubernetes = state.kubernetes ?? dockershimKubernetes;
  const authority = await openAuthority(authorityFolder(labFolder));
  const address = addressOf(describeSlot(state.slot), 'cp1');
  if (name.startsWith('node')) {
    const containerd = containerdOf(state, name);
    const server = apiServerUrl(address);
    const files = state.dockerHosts?.includes(name)
      ? await dockershimNode(authority, server, name)
      : await containerdNode(authority, server, name, { kubernetes, ...(containerd && { containerd }) });
    const newer = containerd && state.parts.containerds[containerd];
    const layers = [state.parts.nodeLayer, ...(newer === undefined ? [] : [newer]), state.template];
    return { ...bareDisk(state), ...files, layers };
  }
  const key = await openServiceAccountKey(authorityFolder(labFolder));
  const files =
    name === 'cp1'
      ? await firstControlPlane(authority, key, address, kubernetes)
      : await furtherControlPlane(authority, key, apiServerUrl(address), kubernetes);
  return { ...bareDisk(state), ...files, layers: [state.parts.controlPlaneLayer, state.template] };
}

/** Nodes of today's Kubernetes have the newer containerds in turn; undefined is Debian 12's own. */
export function containerdOf(state: LabState, name: string): ContainerdVersion | undefined {
  if (!isCurrent(state.kubernetes)) return undefined;
  return newerContainerds[(Number(name.replace('node', '')) - 1) % newerContainerds.length];
}
