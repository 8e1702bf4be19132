import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { inOrder } from '../../config/check.ts';
import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import { checkLocalFiles, keysMissing } from '../../config/local-files.ts';
import type { Stage as PlaybookStage } from '../../config/playbook.ts';
import { limitHosts, limitTasks, selectHosts } from '../../config/select.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import { ProvisionErrors } from '../../errors.ts';
import type { Emit, OneOffSetting } from '../../events.ts';
import { openNodeMemory } from '../../journal/node-memory.ts';
import type { NodeRecord } from '../../kubernetes/cluster/node-record.ts';
import { checkCluster, checkInventory } from '../check/check.ts';
import { checkMigration } from '../check/check-migration.ts';
import { leavingOut } from '../command-line/leaving-out.ts';
import { keepCarrier } from '../image/carrier.ts';
import { openOwnImages } from '../image/own-images.ts';
import { secrets } from '../login/secrets.ts';
import type { RebuiltHost } from '../rebuild/rebuilt-host.ts';
import { readEtcdFiles } from '../scope/etcd-scope.ts';
import { readOwnFiles } from '../scope/own-files.ts';
import { readPlugins } from '../scope/plugins-scope.ts';
import { replicaGround } from '../scope/replica-ground.ts';
import { replicaOf } from '../scope/replica-scope.ts';
import { scopeOf } from '../scope/scope.ts';
import { wantedObjects } from '../scope/wanted-objects.ts';
import { openAuthority } from './authority.ts';
import { nodesFolder } from './begin-journal.ts';
import { beginRun } from './begin-run.ts';
import { ownTemplates, readFiles, secretMeans } from './read-files.ts';
import { toStage } from './to-stage.ts';
import { toTargets } from './to-targets.ts';
import { withPlaces } from './with-places.ts';

export interface RunOptions {
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly concurrency: number;
  readonly verify: boolean;
  readonly acceptNewHostKeys: boolean;
  /** The run that is gone on with. */
  readonly resumes?: string;
  /** Evict pods that an owner makes anew, where their address is not of the pod network. */
  readonly recreatePods: boolean;
  /** The machine that a node was on before runs no more, whatever cannot be seen from here. */
  readonly oldMachineIsOff?: boolean;
  /** A node that failed in a rolling stage is left as it is, cordoned. */
  readonly keepFailed?: boolean;
  /** Hosts may have another network agent or backend than the inventory says: they get that. */
  readonly changesAgent?: boolean;
  /** A migration removes what flannel has in etcd. */
  readonly purge?: boolean;
  /** Settings of this run alone, each as KEY=VALUE. */
  readonly set?: readonly string[];
  /** Tell every command on standard error. */
  readonly debug?: boolean;
}

/** Reads and checks everything that needs no host, and puts a run together. Throws ProvisionErrors. */
export const wireRun = async (command: string, file: string, options: RunOptions, emit: Emit): Promise<RunRequest> =>
  (await prepareRun(command, file, options, emit)).begin(emit);

/** All that a run is made of, read and checked once. */
export interface PreparedRun {
  /** A run of it, with an id and a journal of its own. */
  begin(emit: Emit): RunRequest;
  /** Settings that the inventory does not have like that. */
  readonly oneOffs: readonly OneOffSetting[];
}

/** Where the playbook of a command is called otherwise. */
function playbookOf(command: string, rebuilt: RebuiltHost | undefined): string {
  if (command === 'migrate') return 'migrate-docker0-to-cni';
  return rebuilt?.isControlPlane ? 'rebuild-control-plane' : command.replaceAll(' ', '-');
}

/** Reads and checks everything that needs no host, and of a rebuilt one which key is its. Throws ProvisionErrors. */
export async function prepareRun(
  command: string,
  file: string,
  options: RunOptions,
  emit: Emit,
  rebuilt?: RebuiltHost,
): Promise<PreparedRun & { readonly inventory: Inventory; readonly stages: readonly PlaybookStage[] }> {
  const templates = ownTemplates();
  const { inventory, playbook, compareSet } = await readFiles(
    playbookOf(command, rebuilt),
    file,
    templates,
    options.set,
  );
  const chosen = options.limit === undefined ? inventory.hosts : limitHosts(inventory, options.limit);
  const { stages } = options.tags ? limitTasks(playbook, options.tags) : playbook;
  const unread = inOrder(chosen.flatMap((host) => host.unread));
  const { authority, mistakes: ofAuthority } = await openAuthority(inventory);
  const ofFiles = [...keysMissing(chosen), ...(await checkLocalFiles(inventory))];
  const mistakes = [...unread, ...ofFiles, ...ofAuthority, ...checkInventory(inventory)];
  const migrates = command === 'migrate';
  if (migrates) mistakes.push(...checkMigration(inventory));
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
  for (const message of inventory.warnings) emit({ type: 'warning', message });
  const oneOffs = compareSet(chosen.map((host) => host.name));
  for (const { set } of oneOffs.filter(({ hosts }) => hosts.length === 0))
    emit({ type: 'warning', message: `--set ${set} makes no difference to what the inventory says` });
  const carrier = await keepCarrier(inventory);
  const images = await openOwnImages(inventory, carrier, secretMeans());
  const [plugins, hosts] = await Promise.all([
    readPlugins(inventory),
    toTargets(takingPart(inventory, stages, chosen, rebuilt), chosen, inventory, options, rebuilt),
  ]);
  const ownFiles = readOwnFiles(inventory, secrets.hide);
  const etcdFiles = readEtcdFiles(inventory, secrets.hide);
  const engineStages = stages.map((stage) => toStage(stage, inventory, templates, options));
  const references = wantedObjects(engineStages, inventory, carrier);
  return {
    inventory,
    stages,
    oneOffs: oneOffs.filter(({ hosts }) => hosts.length > 0),
    begin(emit) {
      const begun = beginRun({ command, inventory, file, options, hosts, stages: engineStages, references });
      const { keyChange } = rebuilt ?? {};
      if (keyChange) begun.journal.record({ type: 'host-key', ...keyChange });
      const memory = openNodeMemory<NodeRecord>(nodesFolder(), resolve(file));
      return {
        ...begun,
        ...(options.resumes !== undefined && { resumes: options.resumes }),
        facts: {
          ...begun.facts,
          certificateFiles: authority && 'host' in authority ? [authority.certificateFile] : [],
          managerUnits: rebuilt?.isControlPlane ? managerUnitsOf(inventory) : [],
        },
        authority,
        images,
        verify: options.verify,
        memory,
        check(hosts, snapshot) {
          checkCluster(hosts, snapshot, inventory, { rebuilt, migrates, changesAgent: options.changesAgent });
          const host = rebuilt?.isControlPlane && hosts.find(({ name }) => name === rebuilt.host);
          if (host) replicaOf(replicaGround(host, hosts, inventory, ownFiles));
        },
        scope: scopeOf(inventory, plugins, ownFiles, options, {
          authority,
          carrier,
          rebuilt,
          recalled: memory.recall(),
          token: newBootstrapToken(),
          etcdFiles,
        }),
        emit: withPlaces(inventory, emit),
        leavingOut: leavingOut(command, options),
      };
    },
  };
}

/** ID.SECRET, of which the second part is shown nowhere. */
function newBootstrapToken(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const pick = (length: number): string => Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
  const secret = pick(16);
  secrets.hide(secret);
  return `${pick(6)}.${secret}`;
}

/** Of the controller-managers that another one can be made like. */
const managerUnitsOf = ({ hosts, groups }: Inventory): readonly string[] => [
  ...new Set(
    hosts
      .filter(({ name }) => groups.get('control_plane')?.includes(name))
      .map(({ settings }) => settings.controller_manager.unit),
  ),
];

function takingPart(
  inventory: Inventory,
  stages: readonly PlaybookStage[],
  chosen: readonly InventoryHost[],
  rebuilt: RebuiltHost | undefined,
) {
  const beyond = stages.filter((stage) => stage.beyondLimit).flatMap((stage) => selectHosts(inventory, stage.hosts));
  const { method, ca_on_host: onHost } = inventory.settings.identity;
  const signs = (name: string): boolean => method === 'ca' && onHost?.host === name;
  const peers = (rebuilt?.isControlPlane && inventory.groups.get('control_plane')) || [];
  return inventory.hosts.filter(
    (host) => chosen.includes(host) || beyond.includes(host) || signs(host.name) || peers.includes(host.name),
  );
}
