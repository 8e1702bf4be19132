import { join } from 'node:path';
import { addressOf, type Slot } from './slot.ts';

/** One host of a lab: its disk and what is known about it live in `folder`. */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  readonly slot: Slot;
  readonly folder: string;
  readonly labFolder: string;
}

/** `moved` has the addresses of hosts that were wiped and came back elsewhere. */
export const describeHost = (
  labFolder: string,
  slot: Slot,
  name: string,
  moved: Readonly<Record<string, string>> = {},
): LabHost => ({
  name,
  address: moved[name] ?? addressOf(slot, name),
  slot,
  labFolder,
  folder: join(labFolder, 'hosts', name),
});
