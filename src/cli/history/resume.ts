import { existsSync } from 'node:fs';
import { ProvisionError } from '../../errors.ts';
import { chooseResume } from '../../journal/history.ts';
import { listRuns, type RecordedRun } from '../../journal/recorded-run.ts';
import { type MigrateOptions, migrate } from '../migrate/migrate.ts';
import { type NetworkChangeOptions, networkChange } from '../network/network-change.ts';
import { type RebuildOptions, rebuild } from '../rebuild/rebuild.ts';
import { type ResetOptions, reset } from '../reset/reset.ts';
import { roll } from '../roll/roll.ts';
import type { BatchedOptions } from '../run/batched-run.ts';
import { announce, localTime, type ShowOptions } from '../run/execute-run.ts';
import { up } from '../up/up.ts';
import { digestOf, isAlive, runsFolder } from '../wire/begin-journal.ts';
import type { RunOptions } from '../wire/wire-run.ts';
import type { UndoOptions } from '../wire/wire-undo.ts';
import { undo } from './undo.ts';

interface ResumeOptions extends ShowOptions {
  /** Do not ask before a roll is gone on with. */
  readonly yes: boolean;
}

/** The command `resume`: the same run again, which does what is still due; resolves to its exit code. */
export async function resume({ yes, ...show }: ResumeOptions): Promise<number> {
  const run = chooseResume(listRuns(runsFolder()), isAlive);
  const { command, inventory, undoes, time } = run.begin;
  announce(show, `Resuming run ${run.id}: ${command}${undoes ? ` of ${undoes}` : ` ${inventory}`}, ${localTime(time)}`);
  const options = { ...run.begin.options, ...show, resumes: run.id };
  // the journal has the options as they were parsed
  if (undoes !== undefined) return undo(undoes, options as unknown as UndoOptions & ShowOptions);
  const isSame = checkInventory(run, show);
  // what was agreed to is what the inventory said then
  const agreed = { plan: false, yes: yes || isSame || run.begin.options['yes'] === true };
  if (command === 'roll') return roll(inventory, { ...options, ...agreed } as unknown as BatchedOptions);
  if (command === 'migrate') return migrate(inventory, { ...options, ...agreed } as unknown as MigrateOptions);
  if (command === 'rebuild') return rebuild(inventory, { ...options, ...agreed } as unknown as RebuildOptions);
  if (command === 'reset') return reset(inventory, { ...options, ...agreed } as unknown as ResetOptions);
  if (command === 'network change')
    return networkChange(inventory, { ...options, ...agreed } as unknown as NetworkChangeOptions);
  return up(inventory, options as unknown as RunOptions & ShowOptions);
}

/** Whether it is what it was; one that changed counts as it is now. Throws RUN_INVENTORY_CHANGED when it is gone. */
function checkInventory({ id, begin }: RecordedRun, show: ShowOptions): boolean {
  if (!existsSync(begin.inventory))
    throw new ProvisionError({
      code: 'RUN_INVENTORY_CHANGED',
      kind: 'config',
      what: `the inventory of run ${id} is gone`,
      where: begin.inventory,
      fix: `Put it back, or run provision ${begin.command} with the inventory that takes its place.`,
    });
  const isSame = digestOf(begin.inventory) === begin.inventorySha256;
  if (!isSame) announce(show, 'The inventory has changed since; what it says now counts.');
  return isSame;
}
