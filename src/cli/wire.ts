import { randomBytes, randomInt } from 'node:crypto';
import { homedir, hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { inOrder } from '../config/check.ts';
import type { Inventory, Host as InventoryHost } from '../config/host.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { checkLocalFiles } from '../config/local-files.ts';
import { openSecrets } from '../config/open-secrets.ts';
import type { Stage as PlaybookStage } from '../config/playbook.ts';
import { resolveTask } from '../config/resolve.ts';
import { limitHosts, limitTasks, selectHosts } from '../config/select.ts';
import { openTemplates, type Templates } from '../config/template.ts';
import type { HostTarget } from '../engine/host.ts';
import type { RunRequest } from '../engine/run-state.ts';
import type { Stage } from '../engine/stage.ts';
import { ProvisionErrors } from '../errors.ts';
import type { Emit, OneOffSetting } from '../events.ts';
import { openNodeMemory } from '../journal/node-memory.ts';
import { openCluster } from '../kubernetes/cluster/api.ts';
import type { NodeRecord } from '../kubernetes/cluster/node-record.ts';
import { flannelUnit } from '../operations/flanneld-processes.ts';
import { findOperation, operations } from '../operations/registry.ts';
import { agentUnit } from '../operations/static-routes-state.ts';
import { openAuthority } from './authority.ts';
import { beginJournal, nodesFolder } from './begin-journal.ts';
import { checkCluster, checkInventory } from './check.ts';
import { checkMigration } from './check-migration.ts';
import { writeTrip } from './debug.ts';
import { type NewMachine, openConnectors } from './login/connect-host.ts';
import { identityFile, secrets } from './login/secrets.ts';
import type { RebuiltHost } from './rebuilt-host.ts';
import { rollingOf } from './rolling.ts';
import { readPlugins } from './scope/plugins-scope.ts';
import { replicaGround } from './scope/replica-ground.ts';
import { replicaOf } from './scope/replica-scope.ts';
import { engineVariables, scopeOf } from './scope/scope.ts';
import { readOwnFiles } from './scope/software-scope.ts';
import { wantedObjects } from './wanted-objects.ts';
import { withPlaces } from './with-places.ts';

/** The folder of the package, where playbooks/ and templates/ are. */
export const packageFolder = join(import.meta.dirname, '..');

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
  /** Settings of this run alone, each as KEY=VALUE. */
  readonly set?: readonly string[];
  /** A migration removes what flannel has in etcd. */
  readonly purge?: boolean;
  /** Tell every command on standard error. */
  readonly debug?: boolean;
}

/** Reads inventory and playbook, secrets included. Throws ProvisionErrors. */
export async function readFiles(
  command: string,
  file: string,
  templates = openTemplates(join(packageFolder, 'templates')),
  set: readonly string[] = [],
): Promise<ReturnType<typeof loadConfiguration>> {
  const { inventory: sealed, ...others } = loadConfiguration({
    inventory: file,
    playbook: join(packageFolder, 'playbooks', `${command}.yaml`),
    homeFolder: homedir(),
    hide: secrets.hide,
    templates,
    operations,
    engineVariables,
    set,
  });
  const inventory = await openSecrets(sealed, {
    environment: process.env,
    identityFile: identityFile(),
    hide: secrets.hide,
  });
  return { inventory, ...others };
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

/** Playbooks of commands that are called otherwise. */
const playbookOf = (command: string, rebuilt: RebuiltHost | undefined): string => {
  if (command === 'migrate') return 'migrate-docker0-to-cni';
  return rebuilt?.isControlPlane ? 'rebuild-control-plane' : command;
};

/** Reads and checks everything that needs no host, and of a rebuilt one which key is its. Throws ProvisionErrors. */
export async function prepareRun(
  command: string,
  file: string,
  options: RunOptions,
  emit: Emit,
  rebuilt?: RebuiltHost,
): Promise<PreparedRun & { readonly inventory: Inventory }> {
  const templates = openTemplates(join(packageFolder, 'templates'));
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
  const mistakes = [...unread, ...(await checkLocalFiles(inventory)), ...ofAuthority, ...checkInventory(inventory)];
  const migrates = command === 'migrate';
  if (migrates) mistakes.push(...checkMigration(inventory));
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
  for (const message of inventory.warnings) emit({ type: 'warning', message });
  const oneOffs = compareSet(chosen.map((host) => host.name));
  for (const { set } of oneOffs.filter(({ hosts }) => hosts.length === 0))
    emit({ type: 'warning', message: `--set ${set} makes no difference to what the inventory says` });
  const [plugins, hosts] = await Promise.all([
    readPlugins(inventory),
    toTargets(takingPart(inventory, stages, chosen, rebuilt), chosen, inventory, options, rebuilt),
  ]);
  const ownFiles = readOwnFiles(inventory, secrets.hide);
  const { cluster } = inventory.settings;
  const engineStages = stages.map((stage) => toStage(stage, inventory, templates, options));
  const references = wantedObjects(engineStages, inventory);
  return {
    oneOffs: oneOffs.filter(({ hosts }) => hosts.length > 0),
    inventory,
    begin(emit) {
      const now = new Date();
      const id = newRunId(now);
      const journal = beginJournal({ id, command, inventory: file, options, hosts, resumes: options.resumes });
      const { keyChange } = rebuilt ?? {};
      if (keyChange) journal.record({ type: 'host-key', ...keyChange });
      const memory = openNodeMemory<NodeRecord>(nodesFolder(), resolve(file));
      return {
        id,
        command,
        ...(options.resumes !== undefined && { resumes: options.resumes }),
        holder: describeHolder(id, now),
        hosts,
        stages: engineStages,
        facts: {
          units: unitsOf(inventory),
          certificateFiles: authority && 'host' in authority ? [authority.certificateFile] : [],
          managerUnits: rebuilt?.isControlPlane ? managerUnitsOf(inventory) : [],
        },
        hide: secrets.hide,
        authority,
        agentUnit,
        concurrency: options.concurrency,
        verify: options.verify,
        journal,
        memory,
        openCluster: () => openCluster(cluster.kubeconfig, { references, hide: secrets.hide }),
        check(hosts, snapshot) {
          checkCluster(hosts, snapshot, inventory, { rebuilt, migrates });
          const host = rebuilt?.isControlPlane && hosts.find(({ name }) => name === rebuilt.host);
          if (host) replicaOf(replicaGround(host, hosts, inventory, ownFiles));
        },
        scope: scopeOf(inventory, plugins, ownFiles, options, {
          authority,
          rebuilt,
          recalled: memory.recall(),
          token: newBootstrapToken(),
        }),
        emit: withPlaces(inventory, emit),
      };
    },
  };
}

export const describeHolder = (id: string, now: Date): string =>
  `run ${id} of ${userInfo().username} on ${hostname()}, since ${now.toISOString()}`;

/** Hosts may differ in the names of their units; each is asked for all of them. */
export const unitsOf = ({ hosts }: Inventory): readonly string[] => {
  const named = hosts.flatMap(({ settings: { kubelet, kube_proxy, controller_manager, runtime, artifacts } }) => [
    kubelet.unit,
    ...(artifacts.kube_proxy === undefined ? [] : [kube_proxy.unit]),
    controller_manager.unit,
    ...(runtime.unit === undefined ? [] : [runtime.unit]),
  ]);
  return [...new Set([...named, agentUnit, flannelUnit])];
};

/** ID.SECRET, of which the second part is shown nowhere. */
function newBootstrapToken(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const pick = (length: number): string => Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
  const secret = pick(16);
  secrets.hide(secret);
  return `${pick(6)}.${secret}`;
}

/** A name that sorts by time and is unlikely to be taken. */
export const newRunId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;

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

/** Hosts as the engine reaches them. Throws ProvisionErrors. */
export async function toTargets(
  hosts: readonly InventoryHost[],
  chosen: readonly InventoryHost[],
  inventory: Inventory,
  options: Pick<RunOptions, 'acceptNewHostKeys' | 'debug'>,
  newMachine?: NewMachine,
): Promise<readonly HostTarget[]> {
  const connectorOf = await openConnectors(hosts, inventory, options.acceptNewHostKeys, newMachine);
  return hosts.map((host) => {
    const outsideLimit = !chosen.includes(host);
    return {
      name: host.name,
      address: host.connection.address,
      outsideLimit,
      connect: connectorOf(host, outsideLimit ? 4_000 : 10_000),
      ...(options.debug ? { onTrip: writeTrip } : {}),
    };
  });
}

/** A stage of a playbook for the hosts of an inventory. */
export const toStage = (
  stage: PlaybookStage,
  inventory: Inventory,
  templates: Templates,
  options: Pick<RunOptions, 'keepFailed'> = {},
): Stage => ({
  name: stage.name,
  hosts: selectHosts(inventory, stage.hosts).map((host) => host.name),
  serial: stage.serial,
  order: stage.order,
  protectReady: stage.protectReady,
  rolling: stage.rolling ? rollingOf(inventory, options.keepFailed ?? false) : undefined,
  beyondLimit: stage.beyondLimit,
  tasks: stage.tasks.map((task) => ({
    name: task.name,
    operation: findOperation(task.operation),
    resolve: (scope) => resolveTask(task, scope, templates),
  })),
});
