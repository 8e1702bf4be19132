import { homedir } from 'node:os';
import { loadInventory } from '../../config/inventory.ts';
import type { Emit } from '../../events.ts';
import { entriesOf, listRuns } from '../../journal/recorded-run.ts';
import { quote } from '../../shell.ts';
import { findHost } from '../command-line/find-host.ts';
import { secrets } from '../login/secrets.ts';
import { type AskingOptions, runPlanned } from '../run/planned-run.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { runsFolder } from '../wire/begin-journal.ts';
import { prepareRun, type RunOptions } from '../wire/wire-run.ts';
import { rebuiltHost } from './rebuilt-host.ts';

export interface RebuildOptions extends RunOptions, AskingOptions {
  /** The host of the inventory, or the Node by its `node_name`. */
  readonly node: string;
  /** `SHA256:…` of the host key that the machine has now. */
  readonly hostKey?: string;
  /** Whatever host key it shows. */
  readonly acceptNewHostKey: boolean;
  readonly oldMachineIsOff: boolean;
}

const nodesAndControlPlane = {
  groups: ['nodes', 'control_plane'],
  what: (host: string) => `${host} is neither a node nor a host of the control plane`,
  fix: 'Name a host of the group nodes or control_plane.',
};

/** The command `rebuild`; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export const rebuild = (inventory: string, options: RebuildOptions): Promise<number> =>
  runPlanned(options, {
    command: 'rebuild',
    inventory,
    prepare: (emit) => prepare(inventory, options, emit),
    question: `Rebuild ${options.node}?`,
    wouldBe: `${options.node} would be rebuilt`,
    interrupted: `the host finishes what it was sent, and its Node may be left cordoned. provision resume goes on, provision unlock ${quote(inventory)} lifts cordons.`,
    tellPlanned: ({ isControlPlane }, emit) => tellWhatIsLeft(options.node, isControlPlane, emit),
    tellDone: ({ isControlPlane }, emit) => tellWhatIsLeft(options.node, isControlPlane, emit),
  });

async function prepare(file: string, options: RebuildOptions, emit: Emit) {
  const inventory = loadInventory(file, { homeFolder: homedir(), hide: secrets.hide });
  const { name } = findHost(inventory, options.node, nodesAndControlPlane);
  const isControlPlane = !inventory.groups.get('nodes')?.includes(name);
  const wasNode = rememberedNode(name);
  const { hostKey, acceptNewHostKey, oldMachineIsOff } = options;
  const identity = { oldMachineIsOff, ...(wasNode !== undefined && { wasNode }) };
  const wish = { acceptNewHostKey, ...(hostKey !== undefined && { hostKey }), ...(canAsk() && { ask: askForKey }) };
  const rebuilt = rebuiltHost({ host: name, isControlPlane }, identity, wish, (change) =>
    emit({ type: 'host-key', ...change }),
  );
  const run = await prepareRun('rebuild', file, { ...options, limit: name, acceptNewHostKeys: false }, emit, rebuilt);
  return { ...run, isControlPlane };
}

/** Nobody is to take the host for a whole one. */
function tellWhatIsLeft(host: string, isControlPlane: boolean, emit: Emit): void {
  if (!isControlPlane) return;
  const message = `${host} gets back its controller-manager, and no more: etcd, kube-apiserver and kube-scheduler are not rebuilt yet`;
  emit({ type: 'warning', message });
}

/** The Node that the last run of this folder found a host to be. */
export const rememberedNode = (host: string): string | undefined =>
  listRuns(runsFolder())
    .flatMap((run) => entriesOf(run, 'nodes').flatMap(({ nodes }) => nodes.filter((node) => node.host === host)))
    .at(-1)?.name;

async function askForKey(lines: readonly string[]): Promise<boolean | undefined> {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return confirm('Is that the key of the rebuilt machine?');
}
