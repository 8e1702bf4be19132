import { readFile, writeFile } from 'node:fs/promises';
import { ProvisionError } from '../errors.ts';
import { execute, must, succeeds } from './execute.ts';
import { describeSlot, firstFreeSlot, type Slot } from './slot.ts';

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
}

/** The name a lab's bridge carries, so that other labs know whose it is. */
const ownerLabel = (labFolder: string): string => labFolder.slice(-250);

/** Takes the given slot, or the first free one, by making its bridge; idempotent for the lab's own bridge. */
export async function takeSlot(labFolder: string, wanted: number | undefined): Promise<Slot> {
  const links = await readLinks();
  const number =
    wanted ??
    firstFreeSlot(
      links.map((link) => link.ifname),
      await readAddresses(),
    );
  if (number === undefined) throw slotTaken('All 256 slots of labs are taken on this machine', '');
  const slot = describeSlot(number);
  const bridge = links.find((link) => link.ifname === slot.bridge);
  if (bridge === undefined) {
    await must('ip', ['link', 'add', slot.bridge, 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0']);
    await must('ip', ['link', 'set', slot.bridge, 'alias', ownerLabel(labFolder)]);
  } else if (bridge.ifalias !== ownerLabel(labFolder)) {
    throw slotTaken(`Network ${slot.network} of this lab is now in use by another lab`, bridge.ifalias ?? slot.bridge);
  }
  return slot;
}

const readLinks = async (): Promise<Link[]> => JSON.parse(await must('ip', ['-j', 'link', 'show']));

async function readAddresses(): Promise<string[]> {
  const devices: { readonly addr_info: readonly { readonly local?: string }[] }[] = JSON.parse(
    await must('ip', ['-j', 'address', 'show']),
  );
  return devices.flatMap((device) => device.addr_info.map(({ local = '' }) => local));
}

const slotTaken = (what: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'LAB_SLOT_TAKEN',
    kind: 'operation',
    what,
    why,
    fix: 'Run `lab down` here or there, then `lab up` again.',
  });

/** Gives the bridge its address and closes every way out of the lab. */
export async function connectNetwork(slot: Slot): Promise<void> {
  await must('ip', ['address', 'replace', `${slot.gateway}/24`, 'dev', slot.bridge]);
  await must('ip', ['link', 'set', slot.bridge, 'up']);
  await must('ip', ['route', 'replace', 'unreachable', slot.network, 'metric', '4000000']);
  await execute('ip', ['rule', 'del', ...noForwarding(slot)]);
  await must('ip', ['rule', 'add', ...noForwarding(slot)]);
  if (await bridgedTrafficIsFiltered()) {
    const rule = acceptBridged(slot);
    if (!(await succeeds('iptables', ['-w', '-C', ...rule]))) await must('iptables', ['-w', '-I', ...rule]);
  }
  await raiseTo('/proc/sys/fs/inotify/max_user_instances', 8192);
  await raiseTo('/proc/sys/fs/inotify/max_user_watches', 524_288);
}

/** The slots whose bridge this lab owns: one, none, or more after an accident. */
export const ownedSlots = async (labFolder: string): Promise<Slot[]> =>
  (await readLinks())
    .filter((link) => link.ifalias === ownerLabel(labFolder))
    .map((link) => describeSlot(Number(link.ifname.replace('prov', ''))));

/** Removes all that `takeSlot`, `connectNetwork` and the hosts' boots made, whichever of it exists; the bridge last. */
export async function removeNetwork(slot: Slot): Promise<void> {
  const namespaces: { name: string }[] = JSON.parse((await must('ip', ['-j', 'netns', 'list'])) || '[]');
  for (const { name } of namespaces)
    if (name.startsWith(namespaceOf(slot, ''))) await must('ip', ['netns', 'del', name]);
  for (const { ifname } of await readLinks()) {
    if (ifname.startsWith(vethOf(slot, ''))) await execute('ip', ['link', 'del', ifname]);
  }
  await execute('ip', ['rule', 'del', ...noForwarding(slot)]);
  await execute('ip', ['route', 'del', 'unreachable', slot.network, 'metric', '4000000']);
  if (await bridgedTrafficIsFiltered()) await execute('iptables', ['-w', '-D', ...acceptBridged(slot)]);
  await execute('ip', ['link', 'del', slot.bridge]);
}

export const namespaceOf = (slot: Slot, name: string): string => `${slot.bridge}-${name}`;
/** At most 15 characters. */
export const vethOf = (slot: Slot, name: string): string => `p${slot.number}-${name}`;

const noForwarding = (slot: Slot): string[] => ['iif', slot.bridge, 'priority', '1078', 'unreachable'];
const acceptBridged = (slot: Slot): string[] => ['FORWARD', '-i', slot.bridge, '-o', slot.bridge, '-j', 'ACCEPT'];

/** True where the machine's own packet filter sees frames between the hosts, as it does beside Docker. */
const bridgedTrafficIsFiltered = async (): Promise<boolean> =>
  (await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').catch(() => '0')).trim() === '1' &&
  (await succeeds('iptables', ['-w', '-S', 'FORWARD']));

async function raiseTo(file: string, minimum: number): Promise<void> {
  if (Number(await readFile(file, 'utf8')) < minimum) await writeFile(file, String(minimum));
}
