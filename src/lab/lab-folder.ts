import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { placeArtifacts } from './artifacts.ts';
import { openAuthority, renderKubeconfig } from './certificates.ts';
import { apiServerUrl } from './control-plane.ts';
import { authorityFolder, containerdOf } from './disk-contents.ts';
import { exclusively } from './exclusively.ts';
import { must } from './execute.ts';
import { renderInventory } from './inventory.ts';
import { dockershimKubernetes } from './kubernetes-version.ts';
import type { LabHost } from './lab-host.ts';
import { addressOf, describeSlot } from './slot.ts';
import { blankVariables, placeSoftware } from './software.ts';
import type { LabState } from './state.ts';

/** What the user of a lab finds in its folder. */
export const paths = {
  inventory: 'inventory.yaml',
  kubeconfig: 'admin.kubeconfig',
  knownHosts: 'known_hosts',
  key: 'id_ed25519',
} as const;

export async function makeKey(folder: string): Promise<void> {
  const key = join(folder, paths.key);
  if (!existsSync(key)) await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', key]);
}

/** Makes the lab's known_hosts say what the host's key is now. */
export const acceptHostKey = (host: LabHost): Promise<void> => changeKnownHosts(host, true);

/** Trusts a host that nobody has seen before; a changed key stays untrusted. */
export const acceptFirstHostKey = (host: LabHost): Promise<void> => changeKnownHosts(host, false);

/** One after another, because the hosts of a lab start together. */
const changeKnownHosts = (host: LabHost, replace: boolean): Promise<void> =>
  exclusively(`known_hosts ${host.labFolder}`, async () => {
    const file = join(host.labFolder, paths.knownHosts);
    const lines = await readKnownHosts(file);
    const others = lines.filter((line) => !line.startsWith(`${host.address} `));
    if (!replace && others.length < lines.length) return;
    const current = await readFile(join(host.folder, 'known_hosts'), 'utf8');
    await writeFile(`${file}.new`, [...others, current].join('\n'));
    await rename(`${file}.new`, file);
  });

const readKnownHosts = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);

export async function writeInventory(folder: string, state: LabState): Promise<void> {
  const slot = describeSlot(state.slot);
  const { software, parts } = state;
  const server = apiServerUrl(addressOf(slot, 'cp1'));
  const hosts = await Promise.all(
    state.hosts.map(async (name) => {
      const address = state.moved?.[name] ?? addressOf(slot, name);
      const usesDocker = state.dockerHosts?.includes(name) ?? false;
      if (software === undefined || !state.blankHosts?.includes(name)) return { name, address, usesDocker };
      if (name.startsWith('cp')) return { name, address, usesDocker, further: 'identity: { method: ca }' };
      const authority = await openAuthority(authorityFolder(folder));
      return {
        name,
        address,
        usesDocker,
        further: await blankVariables(folder, name, {
          authority,
          server,
          software,
          containerd: containerdOf(state, name),
        }),
      };
    }),
  );
  const kubernetes = state.kubernetes ?? dockershimKubernetes;
  const text = renderInventory({
    controlPlane: hosts.filter(({ name }) => name.startsWith('cp')),
    nodes: hosts.filter(({ name }) => name.startsWith('node')),
    network: {
      ...(state.network ?? { agent: 'static-routes', backend: 'host-gw' }),
      flannel: state.flannelImage === undefined ? undefined : state.flanneld?.version,
    },
    artifacts: await placeArtifacts(folder, state),
    ...(software &&
      parts && {
        software: await placeSoftware(folder, parts, kubernetes),
        authority: relative(folder, authorityFolder(folder)),
      }),
  });
  await writeFile(join(folder, paths.inventory), text);
}

export async function writeAdminKubeconfig(folder: string, state: LabState): Promise<void> {
  const file = join(folder, paths.kubeconfig);
  if (existsSync(file)) return;
  const authority = await openAuthority(authorityFolder(folder));
  const admin = await authority.issue({ commonName: 'admin', organization: 'system:masters' });
  const server = apiServerUrl(addressOf(describeSlot(state.slot), 'cp1'));
  await writeFile(file, renderKubeconfig(server, authority, 'admin', admin), { mode: 0o600 });
}
