import { hostname, userInfo } from 'node:os';
import type { Inventory } from '../../config/host.ts';
import type { HostTarget } from '../../engine/host.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import type { Stage } from '../../engine/stage.ts';
import { openCluster } from '../../kubernetes/cluster/api.ts';
import type { ObjectReference } from '../../kubernetes/cluster/manifest.ts';
import { flannelEtcdUnit, flannelUnit } from '../../operations/flannel/flanneld-processes.ts';
import { agentUnit } from '../../operations/network/static-routes-state.ts';
import { secrets } from '../login/secrets.ts';
import { beginJournal } from './begin-journal.ts';
import { newRunId } from './run-id.ts';

interface Beginning {
  readonly command: string;
  readonly inventory: Inventory;
  /** The inventory, as it was named. */
  readonly file: string;
  readonly options: { readonly concurrency: number; readonly resumes?: string };
  readonly hosts: readonly HostTarget[];
  readonly stages: readonly Stage[];
  /** Objects of the API that are read with the cluster. */
  readonly references: readonly ObjectReference[];
  /** The run that it takes back. */
  readonly undoes?: string;
  /** The host that it resets. */
  readonly resets?: string;
}

/** What runs of all commands are made of alike, with an id and a journal of its own. */
export type BegunRun = Omit<RunRequest, 'check' | 'scope' | 'emit'>;

/** Begins a run, which is on record from then on; nothing is reached yet. */
export function beginRun({ command, inventory, file, options, hosts, stages, references, ...of }: Beginning): BegunRun {
  const now = new Date();
  const id = newRunId(now);
  const { kubeconfig } = inventory.settings.cluster;
  return {
    id,
    command,
    holder: `run ${id} of ${userInfo().username} on ${hostname()}, since ${now.toISOString()}`,
    hosts,
    stages,
    facts: { units: unitsOf(inventory) },
    hide: secrets.hide,
    agentUnit,
    concurrency: options.concurrency,
    verify: false,
    journal: beginJournal({ id, command, inventory: file, options, hosts, resumes: options.resumes, ...of }),
    openCluster: () => openCluster(kubeconfig, { references, hide: secrets.hide }),
  };
}

/** Hosts may differ in the names of their units; each is asked for all of them. */
function unitsOf({ hosts }: Inventory): readonly string[] {
  const named = hosts.flatMap(({ settings: { kubelet, kube_proxy, controller_manager, runtime, artifacts } }) => [
    kubelet.unit,
    ...(artifacts.kube_proxy === undefined ? [] : [kube_proxy.unit]),
    controller_manager.unit,
    ...(runtime.unit === undefined ? [] : [runtime.unit]),
  ]);
  return [...new Set([...named, agentUnit, flannelUnit, flannelEtcdUnit])];
}
