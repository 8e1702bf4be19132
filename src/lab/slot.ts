/** Everything of a lab that must differ from other labs on the machine follows from its slot, 0 to 255. */
export interface Slot {
  readonly number: number;
  readonly bridge: string;
  readonly gateway: string;
  /** Address of the router of a lab whose hosts are on links of their own. */
  readonly router: string;
  /** In CIDR form. */
  readonly network: string;
  /** Name of the lab's cgroups. */
  readonly cgroup: string;
}

export const describeSlot = (number: number): Slot => ({
  number,
  bridge: `prov${number}`,
  gateway: `10.78.${number}.1`,
  router: `10.78.${number}.254`,
  network: `10.78.${number}.0/24`,
  cgroup: `provision-lab${number}`,
});

/** The smallest slot whose bridge and network are not in use, given this machine's network devices and addresses. */
export function firstFreeSlot(devices: readonly string[], addresses: readonly string[]): number | undefined {
  const isFree = (number: number): boolean =>
    !devices.includes(`prov${number}`) && !addresses.some((address) => address.startsWith(`10.78.${number}.`));
  return Array.from({ length: 256 }, (_, number) => number).find(isFree);
}

export const maximumNodes = 200;
export const maximumControlPlanes = 9;

/** Control-plane hosts cp1, cp2, … have the addresses .11, .12, …; nodes node1, node2, … have .21, .22, … */
export function addressOf(slot: Slot, name: string): string {
  const [, kind, number] = /^(cp|node)(\d+)$/.exec(name) ?? [];
  return `10.78.${slot.number}.${(kind === 'cp' ? 10 : 20) + Number(number)}`;
}

/** An address that no host has, for one that is to move: the highest free one below the router's. */
export function freeAddress(slot: Slot, taken: readonly string[]): string {
  const all = Array.from({ length: 30 }, (_, index) => `10.78.${slot.number}.${253 - index}`);
  return all.find((address) => !taken.includes(address)) ?? '';
}
