import { join } from 'node:path';
import { openAuthority, openServiceAccountKey } from './certificates.ts';
import { apiServerUrl, firstControlPlane, furtherControlPlane } from './control-plane.ts';
import type { Disk } from './disk.ts';
import { containerdNode } from './node.ts';
import { addressOf, describeSlot } from './slot.ts';
import type { LabState } from './state.ts';

export const authorityFolder = (labFolder: string): string => join(labFolder, 'ssl');

/** The disk of a host with nothing on it but Debian. */
export const bareDisk = (state: LabState): Disk => ({ layers: [state.template], files: [], units: new Map() });

/** The disk of a host as its place in the cluster wants it: cp1, a further control-plane host, or a node. */
export async function clusterDisk(labFolder: string, state: LabState, name: string): Promise<Disk> {
  if (state.parts === null) return bareDisk(state);
  const authority = await openAuthority(authorityFolder(labFolder));
  const address = addressOf(describeSlot(state.slot), 'cp1');
  if (name.startsWith('node')) {
    const files = await containerdNode(authority, apiServerUrl(address), name);
    return { ...files, layers: [state.parts.nodeLayer, state.template] };
  }
  const key = await openServiceAccountKey(authorityFolder(labFolder));
  const files =
    name === 'cp1'
      ? await firstControlPlane(authority, key, address)
      : await furtherControlPlane(authority, key, apiServerUrl(address));
  return { ...files, layers: [state.parts.controlPlaneLayer, state.template] };
}
