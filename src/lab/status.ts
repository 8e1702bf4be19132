import { openKubectl, readNodes } from './cluster.ts';
import { isOn } from './host.ts';
import { openLab } from './lab.ts';
import { readState } from './state.ts';

export interface HostStatus {
  readonly name: string;
  readonly address: string;
  readonly isOn: boolean;
  /** What the cluster says of its Node; undefined for hosts that are not Nodes or when the API does not answer. */
  readonly node?: { readonly isReady: boolean; readonly message: string };
}

export async function labStatus(folder: string): Promise<HostStatus[]> {
  const lab = openLab(folder);
  const kubectl = readState(lab.folder)?.parts?.kubectl;
  const nodes = kubectl === undefined ? [] : ((await readNodes(openKubectl(kubectl, lab.kubeconfigPath))) ?? []);
  return Promise.all(
    lab.hosts.map(async (host) => {
      const node = nodes.find(({ name }) => name === host.name);
      return { name: host.name, address: host.address, isOn: await isOn(host), ...(node && { node }) };
    }),
  );
}
