import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openAuthority, renderKubeconfig } from './certificates.ts';
import { apiServerUrl } from './control-plane.ts';
import { authorityFolder } from './disk-contents.ts';
import { exclusively } from './exclusively.ts';
import { must } from './execute.ts';
import type { LabHost } from './host.ts';
import { renderInventory } from './inventory.ts';
import { addressOf, describeSlot } from './slot.ts';
import type { LabState } from './state.ts';

/** What the user of a lab finds in its folder. */
export const paths = {
  inventory: 'inventory.yaml',
  kubeconfig: 'admin.kubeconfig',
  knownHosts: 'known_hosts',
  key: 'id_ed25519',
  artifacts: 'artifacts',
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

export async function copyArtifacts(folder: string, state: LabState): Promise<void> {
  if (state.parts === null) return;
  const copy = join(folder, paths.artifacts, basename(state.parts.cniPlugins));
  await mkdir(join(folder, paths.artifacts), { recursive: true });
  if (!existsSync(copy)) await copyFile(state.parts.cniPlugins, copy);
}

export async function writeInventory(folder: string, state: LabState): Promise<void> {
  const slot = describeSlot(state.slot);
  const hosts = state.hosts.map((name) => ({ name, address: addressOf(slot, name) }));
  const [tarball] = await readdir(join(folder, paths.artifacts)).catch(() => []);
  const path = `./${paths.artifacts}/${tarball}`;
  const digest = async (): Promise<string> =>
    createHash('sha256')
      .update(await readFile(join(folder, path)))
      .digest('hex');
  const text = renderInventory({
    controlPlane: hosts.filter(({ name }) => name.startsWith('cp')),
    nodes: hosts.filter(({ name }) => name.startsWith('node')),
    cniPlugins: tarball === undefined ? undefined : { path, sha256: await digest() },
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
