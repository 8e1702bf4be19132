import { existsSync } from 'node:fs';
import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import { limitHosts } from '../../config/select.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import { undoStages } from '../../engine/undo-stages.ts';
import { ProvisionError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { hostsToUndo } from '../../journal/history.ts';
import { entriesOf, type RecordedRun } from '../../journal/recorded-run.ts';
import { findOperation } from '../../operations/registry.ts';
import { leavingOut } from '../command-line/leaving-out.ts';
import { wantedObjects } from '../scope/wanted-objects.ts';
import { beginRun } from './begin-run.ts';
import { readFiles } from './read-files.ts';
import { toTargets } from './to-targets.ts';
import { withLock } from './wire-lock.ts';
import type { PreparedRun } from './wire-run.ts';

export interface UndoOptions {
  readonly force: boolean;
  readonly limit?: string;
  /** Where the inventory is now, if not where the run found it. */
  readonly inventory?: string;
  readonly concurrency: number;
  readonly acceptNewHostKeys: boolean;
  readonly resumes?: string;
  readonly debug?: boolean;
}

/** The run that takes another one back, holding the cluster's lock. Throws what `prepareUndo` throws. */
export async function wireUndo(
  run: RecordedRun,
  runs: readonly RecordedRun[],
  options: UndoOptions,
  emit: Emit,
): Promise<RunRequest> {
  const { begin, file } = await prepareUndo(run, runs, options);
  return withLock(begin(emit), file);
}

/** Reads and checks all that needs no host. Throws RUN_INVENTORY_CHANGED and what reading an inventory throws. */
export async function prepareUndo(
  run: RecordedRun,
  runs: readonly RecordedRun[],
  options: UndoOptions,
): Promise<PreparedRun & { readonly file: string }> {
  const file = findInventory(run, options.inventory);
  const { inventory } = await readFiles('up', file);
  const names = hostsToUndo(run, runs);
  const limited = options.limit === undefined ? inventory.hosts : limitHosts(inventory, options.limit);
  const affected = names.map((name) => findHost(name, inventory, run));
  const chosen = affected.filter((host) => limited.includes(host));
  const hosts = await toTargets(chosen, chosen, inventory, options);
  const { timeouts } = inventory.settings;
  const stages = undoStages({
    run,
    hosts: hosts.map((host) => host.name),
    isWhole: chosen.length === affected.length,
    force: options.force,
    findOperation,
    gate: (host) => ({
      unit: findHost(host, inventory, run).settings.kubelet.unit,
      timeout_seconds: timeouts.ready_seconds,
    }),
  });
  const references = wantedObjects(stages, inventory, undefined);
  const nodes = entriesOf(run, 'nodes').flatMap((entry) => entry.nodes);
  return {
    file,
    oneOffs: [],
    begin: (emit) => ({
      ...beginRun({ command: 'undo', inventory, file, options, hosts, stages, references, undoes: run.id }),
      undoes: run.id,
      check(reached) {
        for (const host of reached) host.nodeName = nodes.find((node) => node.host === host.name)?.name;
      },
      scope: (host) => ({ host: host.name }),
      emit,
      leavingOut: leavingOut('undo', options),
    }),
  };
}

function findInventory({ id, begin }: RecordedRun, given: string | undefined): string {
  const file = given ?? begin.inventory;
  if (existsSync(file)) return file;
  throw new ProvisionError({
    code: 'RUN_INVENTORY_CHANGED',
    kind: 'config',
    what: `the inventory of run ${id} is gone`,
    where: file,
    why: 'it says how to log in to the hosts',
    fix: 'Put it back, or name it: --inventory FILE.',
  });
}

function findHost(name: string, inventory: Inventory, { id }: RecordedRun): InventoryHost {
  const host = inventory.hosts.find((one) => one.name === name);
  if (host) return host;
  throw new ProvisionError({
    code: 'RUN_INVENTORY_CHANGED',
    kind: 'config',
    what: `run ${id} changed ${name}, which the inventory no longer has`,
    where: inventory.file,
    fix: 'Put the host back into it, or name the inventory as it was: --inventory FILE.',
  });
}
