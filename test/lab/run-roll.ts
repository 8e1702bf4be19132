import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from '../../src/lab/lab.ts';
import { writeInventory } from './inventories.ts';
import { idOf, type Place, type Run, readRun, runCommand, startCommand, type ToldEvent } from './run-up.ts';

type Flags = Readonly<Record<string, string | number>>;

/** Short waits, and both replicas of a Service always somewhere else. */
const quick = { drain: true, batches: [1, 2], soak_seconds: 0, drain_seconds: 90 };

/** The lab's inventory with these flags of kubelets, to be rolled out. */
export const rollInventory = (
  lab: Lab,
  name: string,
  flags: Flags,
  { roll = {}, readySeconds = 60 }: { readonly roll?: object; readonly readySeconds?: number } = {},
): string =>
  writeInventory(lab, name, ({ all }) => {
    const { kubelet, timeouts } = all.vars;
    Object.assign(all.vars, {
      kubelet: { ...kubelet, flags },
      roll: { ...quick, ...roll },
      timeouts: { ...timeouts, ready_seconds: readySeconds },
    });
  });

/** Runs `roll INVENTORY --yes --output json` in the inventory's folder, where other labs' runs are not, and reads its events. */
export const runRoll = async (inventory: string, ...options: readonly string[]): Promise<Run> =>
  readRun(
    await runCommand(['roll', inventory, '--yes', '--output', 'json', ...options], {}, { folder: dirname(inventory) }),
  );

/** Goes on with the last run of the lab's folder. */
export const runResume = async ({ folder }: Lab): Promise<Run> =>
  readRun(await runCommand(['resume', '--output', 'json'], {}, { folder }));

export const undoRoll = async ({ folder }: Lab, run: Run): Promise<Run> =>
  readRun(await runCommand(['undo', idOf(run), '--output', 'json'], {}, { folder }));

/** Starts a roll or what else has events, and shows them as they come. */
export async function watchRun(
  args: readonly string[],
  place: Place,
  onEvent: (event: ToldEvent, child: ChildProcess) => void,
): Promise<Run> {
  const { child, outcome } = startCommand([...args, '--output', 'json'], {}, place);
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line), child));
  const { stdout, ...ended } = await outcome;
  // a killed one may leave half a line
  return readRun({ ...ended, stdout: stdout.slice(0, stdout.lastIndexOf('\n') + 1) });
}

/** Starts a roll in the inventory's folder. */
export const watchRoll = (
  inventory: string,
  onEvent: (event: ToldEvent, child: ChildProcess) => void,
  options: readonly string[] = [],
): Promise<Run> => watchRun(['roll', inventory, '--yes', ...options], { folder: dirname(inventory) }, onEvent);

/** Whether a Node has just been cordoned. */
export const hasCordoned = (event: ToldEvent): boolean =>
  event.type === 'task-finished' &&
  event.task === 'Nodes about to change take no new pods' &&
  event.status === 'changed';

/** Whether a host is about to get its kubelet's flags. */
export const isChanging = (event: ToldEvent): boolean =>
  event.type === 'task-started' && event.task === 'The kubelet has the flags of the inventory';

/** Hosts of each batch that was begun on nodes, in order. */
export const nodeBatches = (run: Run): readonly (readonly string[])[] =>
  run.events.flatMap((event) =>
    event.type === 'batch-started' && event.hosts.some((host) => host.startsWith('node')) ? [event.hosts] : [],
  );

/** The moment a roll began to change things, after its plan. */
export const hasBegun = (event: ToldEvent): boolean => event.type === 'run-started' && event.command !== 'plan';

/** How long it took from there to its end. */
export function rollMs({ events }: Run): number {
  const [from, to] = [events.findLast(hasBegun), events.at(-1)].map((event) => Date.parse(event?.time ?? ''));
  return Number(to) - Number(from);
}
