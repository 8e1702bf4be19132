import type { Inventory } from '../../config/host.ts';
import type { Host, HostTarget } from '../../engine/host.ts';
import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { planAgentChange } from '../../kubernetes/network/agent-change.ts';
import { type AgentOfHost, checkAgents, isFlannel } from '../../kubernetes/network/agents.ts';
import { agentsOf, wantedAgent, withPlace } from '../check/check-network.ts';
import { type AskingOptions, runPlanned } from '../run/planned-run.ts';
import { type PreparedRun, prepareRun, type RunOptions } from '../wire/wire-run.ts';

export interface NetworkChangeOptions extends RunOptions, AskingOptions {}

/** The command `network change`; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export const networkChange = (inventory: string, options: NetworkChangeOptions): Promise<number> =>
  runPlanned(options, {
    command: 'network change',
    inventory,
    prepare: (emit) => prepare(inventory, options, emit),
    question: 'Change the pod network?',
    wouldBe: 'the pod network would be changed',
    interrupted:
      'hosts finish what they were sent, and may have different agents. provision resume goes on, provision undo takes back.',
  });

async function prepare(file: string, options: NetworkChangeOptions, emit: Emit): Promise<PreparedRun> {
  const prepared = await prepareRun('network change', file, { ...options, changesAgent: true }, emit);
  const { inventory } = prepared;
  let isTold = false;
  return {
    ...prepared,
    begin(emit) {
      const request = prepared.begin(emit);
      return {
        ...request,
        check(hosts, snapshot) {
          request.check(hosts, snapshot);
          refuseMissing(request.hosts, hosts);
          const installed = hosts.flatMap(agentsOf);
          // one that goes on may have been cut off between two agents
          if (installed.length === 0 && options.resumes === undefined) throw noAgent(inventory);
          refuseEtcd(installed, inventory);
          if (isTold) return;
          isTold = true;
          if (installed.length > 0)
            request.emit({ type: 'network-change', ...planAgentChange(installed, wantedAgent(inventory)) });
          tellLosing(hosts, inventory, request.emit);
        },
      };
    },
  };
}

/** flannel runs on nodes alone. */
function tellLosing(hosts: readonly Host[], inventory: Inventory, emit: Emit): void {
  if (!isFlannel(inventory.settings.network.agent)) return;
  const losing = hosts.filter((host) => host.nodeName === undefined && agentsOf(host).length > 0);
  if (losing.length === 0) return;
  const names = losing.map(({ name }) => name).join(', ');
  const message = `${names}: no Node, so no flannel, and no way to pods any more; an API server there reaches no webhooks in pods`;
  emit({ type: 'warning', message });
}

/** A host that is left out would lose the others. */
function refuseMissing(wanted: readonly HostTarget[], reached: readonly Host[]): void {
  const missing = wanted.filter(({ name }) => !reached.some((host) => host.name === name)).map(({ name }) => name);
  if (missing.length === 0) return;
  throw new ProvisionError({
    code: 'HOSTS_NOT_REACHED',
    kind: 'connection',
    what: `${missing.join(', ')} cannot be reached, and all hosts have to change together; nothing was changed`,
    why: 'A host that stays with the agent or backend of before can lose the packets of all others',
    fix: 'See that they can be reached, then run again; or take a host that is gone for good out of the inventory.',
  });
}

/** Containers on docker0 are on another network than pods with plugins: no address of theirs would stay. */
function refuseEtcd(installed: readonly AgentOfHost[], inventory: Inventory): void {
  const wanted = wantedAgent(inventory);
  const refusals = checkAgents(wanted, installed);
  if (refusals.length > 0 && [wanted, ...installed].some(({ agent }) => agent === 'flannel-etcd'))
    throw new ProvisionErrors(refusals.map((error) => withPlace(error, inventory.locate(['network', 'agent']))));
}

const noAgent = (inventory: Inventory): ProvisionError =>
  new ProvisionError({
    code: 'NO_AGENT',
    kind: 'cluster',
    what: 'no host has a network agent of provision yet, so there is none to change',
    where: inventory.locate(['network', 'agent']),
    fix: 'Run `./provision up` with this inventory: it sets up the agent that it names.',
  });
