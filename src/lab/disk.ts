import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../shell.ts';
import { must } from './execute.ts';
import { enableUnits, type HostFile, writeHostFiles } from './host-files.ts';
import type { LabHost } from './lab-host.ts';
import { namespaceOf, vethOf } from './network.ts';

/** What a host's disk is made of, read-only layers, the topmost first, and files of its own; and how it is connected. */
export interface Disk {
  readonly layers: readonly string[];
  readonly files: readonly HostFile[];
  /** Unit name → unit file on the host. */
  readonly units: ReadonlyMap<string, string>;
  /** On a link of its own, from which the router leads to the other hosts. */
  readonly isRouted: boolean;
}

/** Makes a host's disk with an SSH host key of its own; the host must be off. */
export async function createDisk(host: LabHost, disk: Disk): Promise<void> {
  const { folder, name, address, slot } = host;
  const upper = join(folder, 'upper');
  await rm(folder, { recursive: true, force: true });
  for (const part of [upper, join(folder, 'work'), join(folder, 'merged')]) await mkdir(part, { recursive: true });
  await chmod(upper, 0o755); // it becomes the host's /
  const template = disk.layers.at(-1) ?? '';
  await must('cp', ['-a', join(template, 'var'), join(folder, 'var')]);
  const hosts = ['127.0.0.1 localhost', '::1 localhost', `${address} ${name}`];
  const authorizedKey = await readFile(join(host.labFolder, 'id_ed25519.pub'), 'utf8');
  await writeHostFiles(upper, [
    { path: 'etc/hostname', content: `${name}\n` },
    { path: 'etc/hosts', content: `${hosts.join('\n')}\n` },
    { path: 'etc/ssh/lab_authorized_keys', content: authorizedKey },
    ...disk.files,
  ]);
  await enableUnits(upper, disk.units);
  const key = join(upper, 'etc/ssh/ssh_host_ed25519_key');
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `root@${name}`, '-f', key]);
  const [type, bytes] = (await readFile(`${key}.pub`, 'utf8')).split(' ');
  await writeFile(join(folder, 'known_hosts'), `${address} ${type} ${bytes}\n`);
  const settings = {
    NAME: name,
    ADDRESS: address,
    GATEWAY: slot.gateway,
    ROUTER: disk.isRouted ? slot.router : '',
    BRIDGE: slot.bridge,
    NAMESPACE: namespaceOf(slot, name),
    VETH: vethOf(slot, name),
    MAC: ['02', '78', '00', '00', hex(slot.number), hex(Number(address.split('.').at(-1)))].join(':'),
    CGROUP: slot.cgroup,
    LOWER: disk.layers.join(':'),
    UUID: randomUUID(),
  };
  const lines = Object.entries(settings).map(([variable, value]) => `${variable}=${quote(value)}`);
  await writeFile(join(folder, 'host.env'), `${lines.join('\n')}\n`);
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

export const hasDisk = (host: LabHost): boolean => existsSync(join(host.folder, 'host.env'));
