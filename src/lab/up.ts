import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProvisionError } from '../errors.ts';
import { assetsFolder } from './assets.ts';
import { openAuthority, openServiceAccountKey } from './certificates.ts';
import { openKubectl, prepareCluster, waitForControllerManagers, waitForNodes } from './cluster.ts';
import { openPrivateApt } from './debian-archive.ts';
import { createDisk, hasDisk } from './disk.ts';
import { authorityFolder, clusterDisk } from './disk-contents.ts';
import { exclusively } from './exclusively.ts';
import { installSupervisor, type LabHost, switchOn, waitForSsh } from './host.ts';
import { buildKubernetes } from './kubernetes-build.ts';
import { hostNames, type Lab, openLab } from './lab.ts';
import {
  acceptFirstHostKey,
  copyArtifacts,
  makeKey,
  paths,
  writeAdminKubeconfig,
  writeInventory,
} from './lab-folder.ts';
import { prepareMachine } from './machine.ts';
import { connectNetwork, takeSlot } from './network.ts';
import { packParts } from './parts.ts';
import { type LabState, readState, writeState } from './state.ts';
import { buildTemplate } from './template.ts';

export interface LabOptions {
  readonly folder: string;
  /** Where what is built once is kept; outside the repository. */
  readonly cacheFolder: string;
  readonly nodes: number;
  /** Hosts only, no cluster. */
  readonly bare?: boolean;
  readonly say: (line: string) => void;
}

/** Makes the lab, or what is missing of it, and switches it on; returns when the cluster is in its "before" state. */
export async function labUp(options: LabOptions): Promise<Lab> {
  const folder = resolve(options.folder);
  const names = hostNames(options.nodes);
  await mkdir(folder, { recursive: true });
  return exclusively(`up ${folder}`, async () => {
    const known = readState(folder);
    if (known !== undefined && (known.parts === null) !== (options.bare ?? false)) throw otherKind(folder);
    const built = await build(folder, options);
    const slot = await exclusively('slots', () => takeSlot(folder, known?.slot));
    const hosts = [...new Set([...(known?.hosts ?? []), ...names])];
    const state: LabState = { ...(known ?? built), slot: slot.number, hosts };
    await writeState(folder, state);
    await connectNetwork(slot);
    await prepareFolder(folder, state);

    const lab = openLab(folder);
    options.say(`Starting ${hosts.join(', ')} (${slot.network})`);
    await Promise.all(lab.hosts.map((host) => startHost(host, state)));
    if (state.parts !== null) await waitForCluster(lab, state, options.say);
    return lab;
  });
}

const otherKind = (folder: string): ProvisionError =>
  new ProvisionError({
    code: 'LAB_OTHER_KIND',
    kind: 'usage',
    what: 'A lab of hosts alone cannot become one with a cluster, nor the other way round',
    where: folder,
    fix: 'Run `lab down` first.',
  });

/** What comes from the cache, made first where it is not there yet. */
async function build(
  folder: string,
  { cacheFolder, bare = false, say }: LabOptions,
): Promise<Pick<LabState, 'template' | 'parts'>> {
  const machine = await prepareMachine(folder, say);
  await mkdir(cacheFolder, { recursive: true });
  const aptFolder = await mkdtemp(join(cacheFolder, 'apt-'));
  try {
    const apt = await openPrivateApt(aptFolder, machine.sources);
    if (bare) return { template: await buildTemplate(cacheFolder, apt.sourcesFile, say), parts: null };
    const [kubernetes, template] = await Promise.all([
      buildKubernetes(cacheFolder, apt, say),
      buildTemplate(cacheFolder, apt.sourcesFile, say),
    ]);
    return { template, parts: await packParts(cacheFolder, { template, kubernetes }, apt, say) };
  } finally {
    await rm(aptFolder, { recursive: true, force: true });
  }
}

async function prepareFolder(folder: string, state: LabState): Promise<void> {
  await installSupervisor(assetsFolder(), folder);
  await makeKey(folder);
  if (state.parts !== null) {
    await openAuthority(authorityFolder(folder));
    await openServiceAccountKey(authorityFolder(folder));
    await copyArtifacts(folder, state);
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
  await prepareCluster(kubectl);
  await waitForControllerManagers(
    kubectl,
    lab.hosts.filter(({ name }) => name.startsWith('cp')),
  );
  const nodes = state.hosts.filter((name) => name.startsWith('node'));
  for (const { name, isReady, message } of await waitForNodes(kubectl, nodes)) {
    say(`${name} is ${isReady ? 'Ready' : `NotReady: ${message}`}`);
  }
}
