import { apiObjects } from './api-objects.ts';
import { apiRights } from './api-rights.ts';
import { archive } from './archive.ts';
import { awaitedPlugins } from './awaited-plugins.ts';
import { baseFile } from './base-file.ts';
import { binary } from './binary.ts';
import { bootstrapKubeconfig } from './bootstrap-kubeconfig.ts';
import { bootstrapToken } from './bootstrap-token.ts';
import { clientCertificate } from './client-certificate.ts';
import type { ClusterOperation } from './cluster-operation.ts';
import { cniConfig } from './cni-config.ts';
import { containerdConfig } from './containerd-config.ts';
import { copiedFiles } from './copied-files.ts';
import { cordon } from './cordon.ts';
import { daemonsetAnew } from './daemonset-anew.ts';
import { daemonsetRolledOut } from './daemonset-rolled-out.ts';
import { datapath } from './datapath.ts';
import { deadLeases } from './dead-leases.ts';
import { deliveredPlugins } from './delivered-plugins.ts';
import { directory } from './directory.ts';
import { dockerBridge } from './docker-bridge.ts';
import { dockerOwnBridge } from './docker-own-bridge.ts';
import { drain } from './drain.ts';
import { etcdFlannel } from './etcd-flannel.ts';
import { etcdKeys } from './etcd-keys.ts';
import { etcdNetwork } from './etcd-network.ts';
import { file } from './file.ts';
import { flannelAgent } from './flannel-agent.ts';
import { formerAgents } from './former-agents.ts';
import { freeSpace } from './free-space.ts';
import { handOver } from './hand-over.ts';
import { hook } from './hook.ts';
import { imagePushed } from './image-pushed.ts';
import { images } from './images.ts';
import { installation } from './installation.ts';
import { iptablesBackend } from './iptables-backend.ts';
import { kernelModule } from './kernel-module.ts';
import { kubeProxy } from './kube-proxy.ts';
import { kubeletCanStart } from './kubelet-can-start.ts';
import { kubeletChange } from './kubelet-change.ts';
import { kubeletConfig } from './kubelet-config.ts';
import { managerState } from './manager-state.ts';
import { nodeCertificates } from './node-certificates.ts';
import { nodeLabels } from './node-labels.ts';
import { nodeObject } from './node-object.ts';
import { nodeReady } from './node-ready.ts';
import { nodeRegistered } from './node-registered.ts';
import type { HostOperation } from './operation.ts';
import { otherFlannels } from './other-flannels.ts';
import { packages } from './packages.ts';
import { podCidrs } from './pod-cidrs.ts';
import { podsBack } from './pods-back.ts';
import { podsInRange } from './pods-in-range.ts';
import { podsRunning } from './pods-running.ts';
import { service } from './service.ts';
import { staleLinks } from './stale-links.ts';
import { staleRules } from './stale-rules.ts';
import { staticRoutes } from './static-routes.ts';
import { stuckPods } from './stuck-pods.ts';
import { subnetFile } from './subnet-file.ts';
import { swap } from './swap.ts';
import { sysctl } from './sysctl.ts';
import { uncordon } from './uncordon.ts';
import { unitFlags } from './unit-flags.ts';

/** Every operation on hosts, by its key in a playbook. */
export const hostOperations = {
  archive,
  base_file: baseFile,
  awaited_plugins: awaitedPlugins,
  binary,
  bootstrap_kubeconfig: bootstrapKubeconfig,
  client_certificate: clientCertificate,
  cni_config: cniConfig,
  copied_files: copiedFiles,
  containerd_config: containerdConfig,
  dead_leases: deadLeases,
  delivered_plugins: deliveredPlugins,
  directory,
  docker_own_bridge: dockerOwnBridge,
  etcd_network: etcdNetwork,
  docker_bridge: dockerBridge,
  etcd_flannel: etcdFlannel,
  etcd_keys: etcdKeys,
  file,
  flannel_agent: flannelAgent,
  former_agents: formerAgents,
  free_space: freeSpace,
  hand_over: handOver,
  hook,
  images,
  installation,
  iptables_backend: iptablesBackend,
  kernel_module: kernelModule,
  kube_proxy: kubeProxy,
  kubelet_change: kubeletChange,
  kubelet_config: kubeletConfig,
  kubelet_can_start: kubeletCanStart,
  manager_state: managerState,
  packages,
  service,
  stale_links: staleLinks,
  stale_rules: staleRules,
  static_routes: staticRoutes,
  subnet_file: subnetFile,
  swap,
  sysctl,
  unit_flags: unitFlags,
} as const;

export type HostOperationName = keyof typeof hostOperations;

/** Every operation on the cluster, by its key in a playbook. */
const clusterOperations = {
  api_objects: apiObjects,
  api_rights: apiRights,
  bootstrap_token: bootstrapToken,
  cordon,
  daemonset_anew: daemonsetAnew,
  daemonset_rolled_out: daemonsetRolledOut,
  datapath,
  drain,
  image_pushed: imagePushed,
  node_certificates: nodeCertificates,
  node_labels: nodeLabels,
  node_object: nodeObject,
  node_ready: nodeReady,
  node_registered: nodeRegistered,
  other_flannels: otherFlannels,
  pod_cidrs: podCidrs,
  pods_in_range: podsInRange,
  pods_back: podsBack,
  pods_running: podsRunning,
  stuck_pods: stuckPods,
  uncordon,
} as const;

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
