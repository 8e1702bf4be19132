import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProvisionError } from '../errors.ts';
import { assetsFolder } from './assets.ts';
import { openAuthority, openServiceAccountKey } from './certificates.ts';
import { openKubectl, waitForApi, waitForControllerManagers, waitForNodes } from './cluster.ts';
import { createDisk, hasDisk } from './disk.ts';
import { authorityFolder, clusterDisk } from './disk-contents.ts';
import { exclusively } from './exclusively.ts';
import { makeFlannelImage } from './flannel-image.ts';
import { buildFlanneld, type FlannelVersion } from './flanneld-build.ts';
import { takeFromCache } from './from-cache.ts';
import { installSupervisor, switchOn, waitForSsh } from './host.ts';
import { dockershimKubernetes, isCurrent, type KubernetesVersion } from './kubernetes-version.ts';
import { chooseHosts, type Lab, openLab } from './lab.ts';
import { acceptFirstHostKey, makeKey, paths, writeAdminKubeconfig, writeInventory } from './lab-folder.ts';
import type { LabHost } from './lab-host.ts';
import { connectNetwork, takeSlot } from './network.ts';
import { startPodsOnDocker } from './pods-on-docker.ts';
import { connectRouter } from './router.ts';
import { type LabNetwork, type LabState, readState, writeState } from './state.ts';

export interface LabOptions {
  readonly folder: string;
  /** Where what is built once is kept; outside the repository. */
  readonly cacheFolder: string;
  /** Nodes with containerd. */
  readonly nodes: number;
  /** 1.20.2 unless said. */
  readonly kubernetes?: KubernetesVersion;
  /** Further nodes, with Docker behind dockershim; none unless said. */
  readonly dockershimNodes?: number;
  /** Further nodes with nothing on them, and in the inventory what makes nodes of them; none unless said. */
  readonly blankNodes?: number;
  /** In the inventory what makes nodes of hosts that are wiped, also where there is no blank one. */
  readonly hasSoftware?: boolean;
  /** Two unless said; the first has etcd and the API server, the others a controller-manager that waits to lead. */
  readonly controlPlanes?: number;
  /** Every host on a link of its own, with a router between them, instead of one link for all. */
  readonly isRouted?: boolean;
  /** What the inventory is to say of the network; static-routes over host-gw unless said. */
  readonly agent?: LabNetwork['agent'];
  readonly backend?: LabNetwork['backend'];
  /** A flanneld among the artifacts; with the agent flannel the latest known one unless said. */
  readonly flannel?: FlannelVersion;
  /** Hosts only, no cluster. */
  readonly bare?: boolean;
  readonly say: (line: string) => void;
}

/** Makes the lab, or what is missing of it, and switches it on; returns when the cluster is in its "before" state. */
export async function labUp(options: LabOptions): Promise<Lab> {
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  return exclusively(`up ${folder}`, async () => {
    const known = readState(folder);
    if (known !== undefined) refuseOtherKind(folder, known, options);
    const kubernetes = known?.kubernetes ?? options.kubernetes ?? dockershimKubernetes;
    if (isCurrent(kubernetes) && (options.dockershimNodes ?? 0) > 0) throw withoutDockershim(kubernetes);
    const hasSoftware = options.hasSoftware || (options.blankNodes ?? 0) > 0 || known?.software !== undefined;
    const built = await takeFromCache(folder, kubernetes, { ...options, hasSoftware });
    const flanneld = await wantedFlanneld(known, built.template, options);
    const slot = await exclusively('slots', () => takeSlot(folder, known?.slot));
    const names = chooseHosts(known, options);
    const { hosts } = names;
    const network = chooseNetwork(known, options);
    const isRouted = known?.isRouted ?? options.isRouted ?? false;
    const state: LabState = {
      ...(known ?? built),
      ...(built.software && { software: built.software }),
      slot: slot.number,
      ...names,
      isRouted,
      network,
      ...flanneld,
    };
    await writeState(folder, state);
    await connectNetwork(slot);
    if (isRouted) await connectRouter(slot);
    await prepareFolder(folder, state);

    const lab = openLab(folder);
    options.say(`Starting ${hosts.join(', ')} (${slot.network})`);
    await Promise.all(lab.hosts.map((host) => startHost(host, state)));
    if (state.parts !== null) await waitForCluster(lab, state, options.say);
    return lab;
  });
}

/** What an earlier `up` said holds until another says otherwise. */
const chooseNetwork = (known: LabState | undefined, { agent, backend }: LabOptions): LabNetwork => ({
  agent: agent ?? known?.network?.agent ?? 'static-routes',
  backend: backend ?? known?.network?.backend ?? 'host-gw',
});

/** The flanneld that is asked for, or that the agent needs. */
async function wantedFlanneld(
  known: LabState | undefined,
  template: string,
  options: LabOptions,
): Promise<Pick<LabState, 'flanneld' | 'flannelImage'>> {
  const { agent } = chooseNetwork(known, options);
  const { cacheFolder, say } = options;
  const latest = agent === 'static-routes' ? undefined : '0.28.7';
  const version = options.flannel ?? known?.flanneld?.version ?? latest;
  if (version === undefined) return {};
  await mkdir(cacheFolder, { recursive: true });
  const flanneld = { version, program: await buildFlanneld(cacheFolder, version, say) };
  if (agent !== 'flannel-daemonset') return { flanneld };
  return { flanneld, flannelImage: await makeFlannelImage(cacheFolder, template, flanneld, say) };
}

function refuseOtherKind(
  folder: string,
  known: LabState,
  { bare = false, isRouted = false, kubernetes }: LabOptions,
): void {
  const refuse = (what: string): never => {
    throw new ProvisionError({
      code: 'LAB_OTHER_KIND',
      kind: 'usage',
      what,
      where: folder,
      fix: 'Run `lab down` first.',
    });
  };
  if ((known.parts === null) !== bare)
    refuse('A lab of hosts alone cannot become one with a cluster, nor the other way round');
  if (kubernetes !== undefined && kubernetes !== (known.kubernetes ?? dockershimKubernetes))
    refuse('A cluster cannot get another Kubernetes');
  if (isRouted && !known.isRouted) refuse('Hosts on one link cannot be put behind a router');
}

const withoutDockershim = (version: KubernetesVersion): ProvisionError =>
  new ProvisionError({
    code: 'LAB_DOCKERSHIM_GONE',
    kind: 'usage',
    what: `Kubelets of Kubernetes ${version} cannot drive Docker`,
    why: 'Dockershim went with 1.24.',
    fix: 'Leave --dockershim out, or take --kubernetes 1.20.2.',
  });

async function prepareFolder(folder: string, state: LabState): Promise<void> {
  await installSupervisor(assetsFolder(), folder);
  await makeKey(folder);
  if (state.parts !== null) {
    await openAuthority(authorityFolder(folder));
    await openServiceAccountKey(authorityFolder(folder));
    await writeAdminKubeconfig(folder, state);
  }
  await writeInventory(folder, state);
}

async function startHost(host: LabHost, state: LabState): Promise<void> {
  if (!hasDisk(host)) await createDisk(host, await clusterDisk(host.labFolder, state, host.name));
  await acceptFirstHostKey(host);
  await switchOn(host);
  await waitForSsh(host);
}

async function waitForCluster(lab: Lab, state: LabState, say: (line: string) => void): Promise<void> {
  const kubectl = openKubectl(state.parts?.kubectl ?? 'kubectl', join(lab.folder, paths.kubeconfig));
  say('Waiting for the cluster');
  await waitForApi(kubectl);
  await waitForControllerManagers(
    kubectl,
    lab.hosts.filter(({ name }) => name.startsWith('cp')),
  );
  const nodes = state.hosts.filter((name) => name.startsWith('node') && !state.blankHosts?.includes(name));
  for (const { name, isReady, message } of await waitForNodes(kubectl, nodes)) {
    say(`${name} is ${isReady ? 'Ready' : `NotReady: ${message}`}`);
  }
  for (const pod of await startPodsOnDocker(kubectl, state.dockerHosts ?? [])) say(pod);
}
