import { apiObjects } from './cluster/api-objects.ts';
import { apiRights } from './cluster/api-rights.ts';
import { bootstrapToken } from './cluster/bootstrap-token.ts';
import { cordon } from './cluster/cordon.ts';
import { drain } from './cluster/drain.ts';
import { nodeCertificates } from './cluster/node-certificates.ts';
import { nodeLabels } from './cluster/node-labels.ts';
import { nodeObject } from './cluster/node-object.ts';
import { nodeReady } from './cluster/node-ready.ts';
import { nodeRegistered } from './cluster/node-registered.ts';
import { podCidrs } from './cluster/pod-cidrs.ts';
import { podsBack } from './cluster/pods-back.ts';
import { podsInRange } from './cluster/pods-in-range.ts';
import { podsRunning } from './cluster/pods-running.ts';
import { stuckPods } from './cluster/stuck-pods.ts';
import { uncordon } from './cluster/uncordon.ts';
import type { ClusterOperation } from './cluster-operation.ts';
import { archive } from './files/archive.ts';
import { baseFile } from './files/base-file.ts';
import { binary } from './files/binary.ts';
import { copiedFiles } from './files/copied-files.ts';
import { directory } from './files/directory.ts';
import { file } from './files/file.ts';
import { freeSpace } from './files/free-space.ts';
import { daemonsetAnew } from './flannel/daemonset-anew.ts';
import { daemonsetRolledOut } from './flannel/daemonset-rolled-out.ts';
import { etcdFlannel } from './flannel/etcd-flannel.ts';
import { etcdKeys } from './flannel/etcd-keys.ts';
import { etcdNetwork } from './flannel/etcd-network.ts';
import { flannelAgent } from './flannel/flannel-agent.ts';
import { otherFlannels } from './flannel/other-flannels.ts';
import { bootstrapKubeconfig } from './kubelet/bootstrap-kubeconfig.ts';
import { clientCertificate } from './kubelet/client-certificate.ts';
import { kubeProxy } from './kubelet/kube-proxy.ts';
import { kubeletCanStart } from './kubelet/kubelet-can-start.ts';
import { kubeletChange } from './kubelet/kubelet-change.ts';
import { kubeletConfig } from './kubelet/kubelet-config.ts';
import { managerState } from './kubelet/manager-state.ts';
import { awaitedPlugins } from './network/awaited-plugins.ts';
import { cniConfig } from './network/cni-config.ts';
import { datapath } from './network/datapath.ts';
import { deadLeases } from './network/dead-leases.ts';
import { deliveredPlugins } from './network/delivered-plugins.ts';
import { formerAgents } from './network/former-agents.ts';
import { handOver } from './network/hand-over.ts';
import { staleLinks } from './network/stale-links.ts';
import { staleRules } from './network/stale-rules.ts';
import { staticRoutes } from './network/static-routes.ts';
import { subnetFile } from './network/subnet-file.ts';
import type { HostOperation } from './operation.ts';
import { containerdConfig } from './runtime/containerd-config.ts';
import { dockerBridge } from './runtime/docker-bridge.ts';
import { dockerOwnBridge } from './runtime/docker-own-bridge.ts';
import { imagePushed } from './runtime/image-pushed.ts';
import { images } from './runtime/images.ts';
import { hook } from './system/hook.ts';
import { installation } from './system/installation.ts';
import { iptablesBackend } from './system/iptables-backend.ts';
import { kernelModule } from './system/kernel-module.ts';
import { packages } from './system/packages.ts';
import { swap } from './system/swap.ts';
import { sysctl } from './system/sysctl.ts';
import { service } from './units/service.ts';
import { unitFlags } from './units/unit-flags.ts';

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
