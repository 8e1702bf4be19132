import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clearCgroups } from './cgroups.ts';
import { exclusively } from './exclusively.ts';
import { must } from './execute.ts';
import { cutPower } from './host.ts';
import { describeHost } from './lab-host.ts';
import { ownedSlots, removeNetwork } from './network.ts';
import { signal } from './processes.ts';
import type { Slot } from './slot.ts';
import { readState } from './state.ts';

/** Ends a lab and removes all of it: processes, cgroups, network, disks. Says false where there is none. */
export async function labDown(labFolder: string): Promise<boolean> {
  const folder = resolve(labFolder);
  return exclusively(`up ${folder}`, async () => {
    const hosts = readState(folder)?.hosts;
    const slots = await ownedSlots(folder);
    for (const slot of slots) {
      await Promise.all((hosts ?? []).map((name) => cutPower(describeHost(folder, slot, name))));
      await remove(folder, slot);
    }
    if (hosts !== undefined) await must('rm', ['-rf', '--one-file-system', folder]);
    return hosts !== undefined || slots.length > 0;
  });
}

/** Removes what is left, whatever the records say. The bridge goes last: who owns it may remove the rest, also after a removal that was cut off. */
async function remove(folder: string, slot: Slot): Promise<void> {
  signal('SIGKILL', await findSupervisors(folder));
  await clearCgroups(slot.cgroup);
  for (let tries = 0; tries < 50 && (await findSupervisors(folder)).length > 0; tries += 1) await sleep(100);
  for (const kept of await readdir('/run/systemd/nspawn/propagate').catch(() => [])) {
    if (kept.startsWith(`${slot.bridge}-`)) await rm(join('/run/systemd/nspawn/propagate', kept), { recursive: true });
  }
  await removeNetwork(slot);
}

/** Process ids of the lab's supervisors. */
async function findSupervisors(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[0] === 'sh' && words[1]?.endsWith('/supervisor.sh') && words[3]?.startsWith(`${folder}/hosts/`))
      found.push(Number(pid));
  }
  return found;
}
