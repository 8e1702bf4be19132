import { z } from 'zod';
import { Unknown } from '../../config/expression.ts';
import type { Inventory } from '../../config/host.ts';
import { hostScope } from '../../config/load-configuration.ts';
import type { Settings } from '../../config/settings.ts';
import { type Authority, certificateOf } from '../../engine/authority.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import type { NodeRecord } from '../../kubernetes/cluster/node-record.ts';
import { recordSchema } from '../../operations/cluster/node-object.ts';
import type { CarrierFile } from '../image/carrier.ts';
import type { RebuiltHost } from '../rebuild/rebuilt-host.ts';
import { carrierScope, carrierVariables } from './carrier-scope.ts';
import { daemonsetScope, daemonsetVariables } from './daemonset-scope.ts';
import { type EtcdFiles, etcdScope, etcdVariables } from './etcd-scope.ts';
import { flannelScope, flannelVariables } from './flannel-scope.ts';
import { migrationScope, migrationVariables } from './migration-scope.ts';
import { nodeScope } from './node-scope.ts';
import type { OwnFiles } from './own-files.ts';
import { type PluginsScope, pluginsVariables } from './plugins-scope.ts';
import { replicaGround } from './replica-ground.ts';
import { replicaScope, replicaVariables } from './replica-scope.ts';
import { softwareScope } from './software-scope.ts';
import { softwareVariables } from './software-variables.ts';

/** What the engine adds to the scope of a task. */
export const engineVariables = {
  run: z.object({ recreate_pods: z.boolean(), old_machine_is_off: z.boolean() }),
  node: z.object({
    name: z.string(),
    pod_cidr: z.string(),
    is_ready: z.boolean(),
    address: z.string(),
    overlay_address: z.string(),
    recorded: recordSchema.optional().describe('what runs have seen of it'),
    peers: z.array(z.object({ name: z.string(), pod_cidr: z.string(), address: z.string() })),
  }),
  flannel: flannelVariables,
  etcd: etcdVariables,
  api: z.object({ server: z.string(), ca: z.string().optional().describe('PEM in base64') }),
  authority: z.object({ certificate: z.string().describe('PEM') }),
  bootstrap: z.object({
    token: z.string(),
    kubeconfig: z.string().optional().describe('set where kubelets get their certificates with a token'),
  }),
  daemonset: daemonsetVariables,
  carrier: carrierVariables,
  migration: migrationVariables,
  plugins: pluginsVariables,
  software: softwareVariables,
  replica: replicaVariables,
};

interface Further {
  readonly authority: Authority | undefined;
  /** The image that brings the CNI plugins, where one does. */
  readonly carrier: CarrierFile | undefined;
  /** The host whose machine is another one now. */
  readonly rebuilt: RebuiltHost | undefined;
  /** A bootstrap token of this run, ID.SECRET. */
  readonly token: string;
  /** What runs have seen of Nodes, by name. */
  readonly recalled: ReadonlyMap<string, NodeRecord>;
  readonly etcdFiles: EtcdFiles;
}

/** The variables of a host, as far as they are known yet. */
export function scopeOf(
  inventory: Inventory,
  plugins: ReadonlyMap<string, PluginsScope>,
  ownFiles: ReadonlyMap<string, OwnFiles>,
  options: { readonly recreatePods: boolean; readonly oldMachineIsOff?: boolean; readonly purge?: boolean },
  { authority, carrier, rebuilt, recalled, token, etcdFiles }: Further,
): RunRequest['scope'] {
  const { recreatePods, oldMachineIsOff = false, purge = false } = options;
  const scopes = new Map(inventory.hosts.map((host) => [host.name, hostScope(host)]));
  const settings = new Map(inventory.hosts.map((host) => [host.name, host.settings.identity]));
  const isNode = (name: string): boolean => inventory.groups.get('nodes')?.includes(name) ?? false;
  const daemonset = daemonsetScope(inventory);
  const ownImage = carrierScope(carrier);
  return (host, seen, hosts) => {
    const snapshot = rebuilt ? rebuilt.expect(seen) : seen;
    const run = { recreate_pods: recreatePods, old_machine_is_off: oldMachineIsOff };
    const node = { ...nodeScope(host, snapshot, inventory), recorded: recalled.get(host.nodeName ?? '') ?? null };
    const { name } = host;
    const own = inventory.hosts.find((one) => one.name === name);
    const files = ownFiles.get(name);
    const scope = scopes.get(name);
    return {
      ...scope,
      ...(own && scope && files && softwareScope(host, snapshot, own, scope, { isNode: isNode(name), files })),
      ...(rebuilt?.isControlPlane &&
        rebuilt.host === name &&
        replicaScope(replicaGround(host, [...hosts.values()], inventory, ownFiles))),
      run,
      flannel: flannelScope(host, node.address, inventory, snapshot),
      etcd: etcdScope(host, hosts, inventory, snapshot, etcdFiles),
      api: {
        server: settings.get(host.name)?.api_server ?? snapshot.endpoint?.server ?? null,
        ca: snapshot.endpoint?.ca ?? null,
      },
      authority: {
        certificate: certificateOf(authority, hosts) ?? new Unknown('after the host that has the CA was reached'),
      },
      bootstrap: { token, kubeconfig: bootstrapKubeconfigOf(settings.get(host.name)) },
      daemonset,
      carrier: ownImage,
      migration: migrationScope(host, inventory, purge),
      plugins: plugins.get(host.name),
      node,
    };
  };
}

const bootstrapKubeconfigOf = (identity: Settings['identity'] | undefined): string | null =>
  identity?.method === 'bootstrap' ? identity.bootstrap_kubeconfig : null;
