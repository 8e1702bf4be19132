import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import { type ResetScope, type ResetWish, resetStages } from '../../engine/reset-stages.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import { ProvisionErrors } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { hostsToUndo } from '../../journal/history.ts';
import { listRuns } from '../../journal/recorded-run.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import { drain } from '../../operations/cluster/drain.ts';
import { nameNodes } from '../check/check.ts';
import { findHost } from '../command-line/find-host.ts';
import { rememberedNode } from '../rebuild/rebuild.ts';
import { servicesOf } from '../reset/reset-services.ts';
import { scopeOf } from '../scope/scope.ts';
import { wantedObjects } from '../scope/wanted-objects.ts';
import { runsFolder } from './begin-journal.ts';
import { beginRun } from './begin-run.ts';
import { ownTemplates, readFiles } from './read-files.ts';
import { toStage } from './to-stage.ts';
import { toTargets } from './to-targets.ts';
import type { PreparedRun } from './wire-run.ts';

export interface ResetOptions {
  /** The host of the inventory, or the Node by its `node_name`. */
  readonly node: string;
  readonly drain: boolean;
  /** Go on although pods run there or somebody changed files since. */
  readonly force: boolean;
  readonly concurrency: number;
  readonly acceptNewHostKeys: boolean;
  /** The run that is gone on with. */
  readonly resumes?: string;
  readonly debug?: boolean;
}

const nodesAlone = {
  groups: ['nodes'],
  what: (host: string) => `${host} is not a node`,
  why: 'what provision has put on a host of the control plane is flags of its controller-manager and routes: what the whole cluster goes by',
  fix: 'Name a host of the group nodes; provision undo takes a run back on all hosts.',
};

/** Reads and checks all that needs no host: an inventory to log in, but none of the files that it names. Throws ProvisionErrors. */
export async function prepareReset(file: string, options: ResetOptions, emit: Emit): Promise<PreparedRun> {
  const templates = ownTemplates();
  const { inventory, playbook } = await readFiles('up', file, templates);
  for (const message of inventory.warnings) emit({ type: 'warning', message });
  const target = findHost(inventory, options.node, nodesAlone);
  const { network, roll } = inventory.settings;
  const beyond = network.agent === 'static-routes' ? playbook.stages.filter((stage) => stage.beyondLimit) : [];
  const peers = beyond.map((stage) => toStage(stage, inventory, templates));
  const leave = {
    delete_bare_pods: roll.delete_bare_pods,
    delete_empty_dir: roll.delete_empty_dir,
    timeout_seconds: roll.drain_seconds,
  };
  const stages = resetStages({
    host: target.name,
    force: options.force,
    drain: options.drain ? drain.schema.parse(leave) : undefined,
    services: servicesOf(target),
    peers,
    runs: standingOn(target.name),
  });
  const takesPart = (name: string): boolean => name === target.name || peers.some(({ hosts }) => hosts.includes(name));
  const hosts = await toTargets(
    inventory.hosts.filter(({ name }) => takesPart(name)),
    [target],
    inventory,
    options,
  );
  const references = wantedObjects(stages, inventory, undefined);
  const identity = identityOf(target.name);
  return {
    oneOffs: [],
    begin(emit): RunRequest {
      const begun = beginRun({
        command: 'reset',
        inventory,
        file,
        options,
        hosts,
        stages,
        references,
        resets: target.name,
      });
      const units = [...begun.facts.units, ...servicesOf(target).map(({ unit }) => unit)];
      return {
        ...begun,
        ...(options.resumes !== undefined && { resumes: options.resumes }),
        facts: { units: [...new Set(units)] },
        check(reached, snapshot) {
          const mistakes = nameNodes(reached, snapshot, inventory, identity);
          if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
        },
        scope: resetScope(target.name, inventory),
        emit,
      };
    },
  };
}

/** Runs of this folder that stand on a host, the newest first. */
function standingOn(host: string): ResetWish['runs'] {
  const runs = listRuns(runsFolder());
  return runs.filter((run) => run.begin.undoes === undefined && hostsToUndo(run, runs).includes(host)).toReversed();
}

/** Once its kubelet is gone nothing on the host says which Node it was, but for its hostname. */
function identityOf(host: string) {
  const wasNode = rememberedNode(host);
  return wasNode === undefined ? undefined : { host, identity: { wasNode, oldMachineIsOff: false } };
}

/** To the other hosts the Node is not there any more. */
function resetScope(target: string, inventory: Inventory): RunRequest['scope'] {
  const further = {
    authority: undefined,
    carrier: undefined,
    rebuilt: undefined,
    recalled: new Map(),
    token: '',
    etcdFiles: {},
  };
  const scope = scopeOf(inventory, new Map(), new Map(), { recreatePods: false }, further);
  const without = ({ nodes, ...seen }: ClusterSnapshot, gone: Host | undefined): ClusterSnapshot => ({
    ...seen,
    nodes: nodes.filter(({ name }) => name !== gone?.nodeName),
  });
  return (host, seen, hosts) => ({
    ...(host.name === target ? { host: host.name } : scope(host, without(seen, hosts.get(target)), hosts)),
    reset: { facts: host.facts } satisfies ResetScope,
  });
}
