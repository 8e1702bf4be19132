import { archive } from './archive.ts';
import type { ClusterOperation } from './cluster-operation.ts';
import { cniConfig } from './cni-config.ts';
import { containerdConfig } from './containerd-config.ts';
import { datapath } from './datapath.ts';
import { directory } from './directory.ts';
import { file } from './file.ts';
import { kernelModule } from './kernel-module.ts';
import { nodeReady } from './node-ready.ts';
import type { HostOperation } from './operation.ts';
import { podCidrs } from './pod-cidrs.ts';
import { service } from './service.ts';
import { staticRoutes } from './static-routes.ts';
import { sysctl } from './sysctl.ts';
import { unitFlags } from './unit-flags.ts';

/** Every operation on hosts, by its key in a playbook. */
export const hostOperations = {
  archive,
  cni_config: cniConfig,
  containerd_config: containerdConfig,
  directory,
  file,
  kernel_module: kernelModule,
  service,
  static_routes: staticRoutes,
  sysctl,
  unit_flags: unitFlags,
} as const;

export type HostOperationName = keyof typeof hostOperations;

/** Every operation on the cluster, by its key in a playbook. */
const clusterOperations = { datapath, node_ready: nodeReady, pod_cidrs: podCidrs } as const;

export type Operation = HostOperation | ClusterOperation;

/** All operations by the key a playbook uses. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>(
  Object.entries({ ...hostOperations, ...clusterOperations }) as [string, Operation][],
);

/** The operation a playbook named when it was loaded. */
export function findOperation(name: string): Operation {
  const operation = operations.get(name);
  if (!operation) throw new TypeError(`no operation is called ${name}`);
  return operation;
}
