import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Unknown } from '../config/expression.ts';
import type { Inventory, Host as InventoryHost } from '../config/host.ts';
import { hostScope, loadConfiguration } from '../config/load-configuration.ts';
import { checkLocalFiles } from '../config/local-files.ts';
import type { Stage as PlaybookStage } from '../config/playbook.ts';
import { resolveTask } from '../config/resolve.ts';
import { limitHosts, limitTasks, selectHosts } from '../config/select.ts';
import { openTemplates, type Templates } from '../config/template.ts';
import type { HostTarget } from '../engine/host.ts';
import { peersOf } from '../engine/peers.ts';
import type { RunRequest } from '../engine/run-state.ts';
import type { Stage } from '../engine/stage.ts';
import { ProvisionErrors } from '../errors.ts';
import type { Emit } from '../events.ts';
import { openCluster } from '../kubernetes/api.ts';
import { findOperation, operations } from '../operations/registry.ts';
import { agentUnit } from '../operations/static-routes-state.ts';
import { connectSsh } from '../transport/ssh.ts';
import { checkCluster, checkInventory } from './check.ts';

/** The folder of the package, where playbooks/ and templates/ are. */
const packageFolder = join(import.meta.dirname, '..');

export interface RunOptions {
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly concurrency: number;
  readonly verify: boolean;
  readonly acceptNewHostKeys: boolean;
}

/** What the engine adds to the scope of a task. */
const engineVariables = {
  node: z.object({
    name: z.string(),
    pod_cidr: z.string(),
    peers: z.array(z.object({ name: z.string(), pod_cidr: z.string(), address: z.string() })),
  }),
};

/** Reads and checks everything that needs no host, and puts a run together. Throws ProvisionErrors. */
export async function wireRun(command: string, file: string, options: RunOptions, emit: Emit): Promise<RunRequest> {
  const templates = openTemplates(join(packageFolder, 'templates'));
  const { inventory, playbook } = loadConfiguration({
    inventory: file,
    playbook: join(packageFolder, 'playbooks', `${command}.yaml`),
    homeFolder: homedir(),
    templates,
    operations,
    engineVariables,
  });
  const chosen = options.limit === undefined ? inventory.hosts : limitHosts(inventory, options.limit);
  const { stages } = options.tags ? limitTasks(playbook, options.tags) : playbook;
  const mistakes = [...(await checkLocalFiles(inventory)), ...checkInventory(inventory)];
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
  for (const message of inventory.warnings) emit({ type: 'warning', message });
  const now = new Date();
  const id = newRunId(now);
  const { cluster, kubelet, controller_manager, runtime } = inventory.settings;
  return {
    id,
    command,
    holder: `run ${id} of ${userInfo().username} on ${hostname()}, since ${now.toISOString()}`,
    hosts: takingPart(inventory, stages, chosen).map((host) => toTarget(host, chosen.includes(host), options)),
    stages: stages.map((stage) => toStage(stage, inventory, templates)),
    units: [kubelet.unit, controller_manager.unit, runtime.unit, agentUnit],
    agentUnit,
    concurrency: options.concurrency,
    verify: options.verify,
    openCluster: () => openCluster(cluster.kubeconfig),
    check: (hosts, snapshot) => checkCluster(hosts, snapshot, inventory),
    scope: scopeOf(inventory),
    emit,
  };
}

/** A name that sorts by time and is unlikely to be taken. */
const newRunId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;

function takingPart(inventory: Inventory, stages: readonly PlaybookStage[], chosen: readonly InventoryHost[]) {
  const beyond = stages.filter((stage) => stage.beyondLimit).flatMap((stage) => selectHosts(inventory, stage.hosts));
  return inventory.hosts.filter((host) => chosen.includes(host) || beyond.includes(host));
}

function toTarget(host: InventoryHost, isChosen: boolean, options: RunOptions): HostTarget {
  const { connection, name } = host;
  const home = join(homedir(), '.ssh');
  const ownKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((key) => join(home, key));
  const target = {
    name,
    address: connection.address,
    port: connection.port,
    user: connection.user,
    privateKeyFile: connection.privateKeyFile ?? ownKeys.find((key) => existsSync(key)) ?? join(home, 'id_ed25519'),
    knownHostsFile: connection.knownHostsFile ?? join(home, 'known_hosts'),
  };
  return {
    name,
    address: connection.address,
    outsideLimit: !isChosen,
    connect: () =>
      connectSsh(target, {
        connectTimeoutMs: isChosen ? 10_000 : 4_000,
        acceptNewHostKeys: options.acceptNewHostKeys,
        attempts: 6,
      }),
  };
}

const toStage = (stage: PlaybookStage, inventory: Inventory, templates: Templates): Stage => ({
  name: stage.name,
  hosts: selectHosts(inventory, stage.hosts).map((host) => host.name),
  serial: stage.serial,
  order: stage.order,
  protectReady: stage.protectReady,
  beyondLimit: stage.beyondLimit,
  tasks: stage.tasks.map((task) => ({
    name: task.name,
    operation: findOperation(task.operation),
    resolve: (scope) => resolveTask(task, scope, templates),
  })),
});

function scopeOf(inventory: Inventory): RunRequest['scope'] {
  const scopes = new Map(inventory.hosts.map((host) => [host.name, hostScope(host)]));
  const later = new Unknown('after every Node has a podCIDR');
  const unregistered = (name: string) => new Unknown(`after a kubelet has registered the Node ${name}`);
  return (host, snapshot) => {
    const node = snapshot.nodes.find((one) => one.name === host.nodeName);
    const podCidr = host.nodeName === undefined ? null : node ? (node.podCidr ?? later) : unregistered(host.nodeName);
    const peers = peersOf(host.nodeName, snapshot) ?? later;
    return { ...scopes.get(host.name), node: { name: host.nodeName ?? null, pod_cidr: podCidr, peers } };
  };
}
