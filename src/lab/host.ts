import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisionError } from '../errors.ts';
import { clearCgroups } from './cgroups.ts';
import type { LabHost } from './lab-host.ts';
import { signal } from './processes.ts';
import { runOnHost } from './ssh.ts';
import { waitUntil } from './wait-until.ts';

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
  if (!(await isOn(host))) {
    throw new ProvisionError({
      code: 'LAB_HOST_OFF',
      kind: 'usage',
      what: `${host.name} is off`,
      fix: `Turn it on: provision lab start ${host.name}`,
    });
  }
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
