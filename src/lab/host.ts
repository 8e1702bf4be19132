import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisionError } from '../errors.ts';
import { quote } from '../shell.ts';
import { clearCgroups } from './cgroups.ts';
import { must } from './execute.ts';
import { enableUnits, type HostFile, writeHostFiles } from './host-files.ts';
import { namespaceOf, vethOf } from './network.ts';
import { signal } from './processes.ts';
import { addressOf, type Slot } from './slot.ts';
import { runOnHost } from './ssh.ts';
import { waitUntil } from './wait-until.ts';

/** One host of a lab: its disk and what is known about it live in `folder`. */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  readonly slot: Slot;
  readonly folder: string;
  readonly labFolder: string;
}

/** What a host's disk is made of: read-only layers, the topmost first, and files of its own. */
export interface Disk {
  readonly layers: readonly string[];
  readonly files: readonly HostFile[];
  /** Unit name → unit file on the host. */
  readonly units: ReadonlyMap<string, string>;
}

export const describeHost = (labFolder: string, slot: Slot, name: string): LabHost => ({
  name,
  address: addressOf(slot, name),
  slot,
  labFolder,
  folder: join(labFolder, 'hosts', name),
});

/** Makes a host's disk with an SSH host key of its own; the host must be off. */
export async function createDisk(host: LabHost, disk: Disk): Promise<void> {
  const { folder, name, address, slot } = host;
  const upper = join(folder, 'upper');
  await rm(folder, { recursive: true, force: true });
  for (const part of [upper, join(folder, 'work'), join(folder, 'merged')])
    await mkdir(part, { recursive: true, mode: 0o755 });
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

const readPid = async (host: LabHost, file: string): Promise<number | undefined> =>
  Number(await readFile(join(host.folder, file), 'utf8').catch(() => '')) || undefined;

/** True while the host's supervisor lives, be the host booting, up or going down. */
export async function isOn(host: LabHost): Promise<boolean> {
  const pid = await readPid(host, 'supervisor.pid');
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(host.folder);
}

/** Switches a host on without waiting for it. */
export async function switchOn(host: LabHost): Promise<void> {
  if (await isOn(host)) return;
  await cutPower(host); // what a killed supervisor may have left running
  const console = openSync(join(host.folder, 'console.log'), 'a');
  const supervisor = join(host.labFolder, 'supervisor.sh');
  spawn('sh', [supervisor, 'run', host.folder], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', console, console],
  }).unref();
  await waitUntil(`${host.name} is switched on`, 10, () => isOn(host));
}

export const waitForSsh = (host: LabHost, seconds = 90): Promise<true> =>
  waitUntil(
    `SSH answers on ${host.name}`,
    seconds,
    async () => {
      if (!(await isOn(host))) throw await bootFailed(host);
      return (await runOnHost(host, 'true')).code === 0;
    },
    () => lastConsoleLines(host),
  );

const lastConsoleLines = async (host: LabHost): Promise<string> =>
  (await readFile(join(host.folder, 'console.log'), 'utf8').catch(() => ''))
    .trimEnd()
    .split('\n')
    .slice(-12)
    .join('\n');

const bootFailed = async (host: LabHost): Promise<ProvisionError> =>
  new ProvisionError({
    code: 'LAB_HOST_FAILED',
    kind: 'operation',
    what: `${host.name} went off while it was starting`,
    why: await lastConsoleLines(host),
    fix: `The whole console is in ${join(host.folder, 'console.log')}.`,
  });

/** An orderly shutdown; pulls the plug after 40 seconds. */
export async function switchOff(host: LabHost): Promise<void> {
  const pid = await readPid(host, 'nspawn.pid');
  if (!(await isOn(host)) || pid === undefined) return cutPower(host);
  signal('SIGTERM', [pid]);
  for (const end = Date.now() + 40_000; (await isOn(host)) && Date.now() < end; ) await sleep(50);
  await cutPower(host);
}

/** Pulls the plug: everything on the host dies at once and nothing of it stays but its disk. */
export async function cutPower(host: LabHost): Promise<void> {
  const nspawn = (await isOn(host)) ? await readPid(host, 'nspawn.pid') : undefined;
  if (nspawn !== undefined) {
    const children = await readFile(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').catch(() => '');
    signal('SIGKILL', children.split(' ').filter(Boolean).map(Number));
  }
  for (const end = Date.now() + 3_000; (await isOn(host)) && Date.now() < end; ) await sleep(50);
  const supervisor = (await isOn(host)) ? await readPid(host, 'supervisor.pid') : undefined;
  if (supervisor !== undefined) signal('SIGKILL', [supervisor]);
  await clearCgroups(`${host.slot.cgroup}/${host.name}`);
}

const bootIdOf = async (host: LabHost): Promise<string> =>
  (await runOnHost(host, 'cat /proc/sys/kernel/random/boot_id')).stdout.trim();

/** Reboots a host from inside and waits until SSH answers from the new boot. */
export async function rebootHost(host: LabHost): Promise<void> {
  const before = await bootIdOf(host);
  await runOnHost(host, 'systemctl reboot');
  await waitUntil(
    `${host.name} is back after a reboot`,
    120,
    async () => {
      const now = await bootIdOf(host);
      return now !== '' && now !== before;
    },
    () => lastConsoleLines(host),
  );
}

/** Copies the supervisor into the lab, where it stays the same while hosts run. */
export const installSupervisor = (assets: string, labFolder: string): Promise<void> =>
  cp(join(assets, 'supervisor.sh'), join(labFolder, 'supervisor.sh'));
