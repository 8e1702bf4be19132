export type FieldType = 'text' | 'number' | 'boolean' | 'duration' | 'list' | 'texts' | 'switches' | 'any';

export interface KubeletField {
  readonly type: FieldType;
  /** The first minor release from 1.16 on that knows it. */
  readonly since: string;
  /** The last one, where it went away since. */
  readonly until?: string;
  /** Flags of the command line that win over it. */
  readonly flags: readonly string[];
}

/**
 * The fields of KubeletConfiguration kubelet.config.k8s.io/v1beta1 in 1.16 to 1.34: type, first (and last) release and the
 * flags that override them. From k8s.io/kubelet config/v1beta1/types.go of each minor release with the types it takes from
 * k8s.io/component-base, and from AddKubeletConfigFlags of cmd/kubelet/app/options/options.go and logs/api/v1/options.go.
 */
const table = `
enableServer                                boolean   1.19       enable-server
staticPodPath                               text      1.16       pod-manifest-path
syncFrequency                               duration  1.16       sync-frequency
fileCheckFrequency                          duration  1.16       file-check-frequency
httpCheckFrequency                          duration  1.16       http-check-frequency
staticPodURL                                text      1.16       manifest-url
staticPodURLHeader                          any       1.16       manifest-url-header
address                                     text      1.16       address
port                                        number    1.16       port
readOnlyPort                                number    1.16       read-only-port
tlsCertFile                                 text      1.16       tls-cert-file
tlsPrivateKeyFile                           text      1.16       tls-private-key-file
tlsCipherSuites                             list      1.16       tls-cipher-suites
tlsMinVersion                               text      1.16       tls-min-version
rotateCertificates                          boolean   1.16       rotate-certificates
serverTLSBootstrap                          boolean   1.16       rotate-server-certificates
authentication.x509.clientCAFile            text      1.16       client-ca-file
authentication.webhook.enabled              boolean   1.16       authentication-token-webhook
authentication.webhook.cacheTTL             duration  1.16       authentication-token-webhook-cache-ttl
authentication.anonymous.enabled            boolean   1.16       anonymous-auth
authorization.mode                          text      1.16       authorization-mode
authorization.webhook.cacheAuthorizedTTL    duration  1.16       authorization-webhook-cache-authorized-ttl
authorization.webhook.cacheUnauthorizedTTL  duration  1.16       authorization-webhook-cache-unauthorized-ttl
registryPullQPS                             number    1.16       registry-qps
registryBurst                               number    1.16       registry-burst
eventRecordQPS                              number    1.16       event-qps
eventBurst                                  number    1.16       event-burst
enableDebuggingHandlers                     boolean   1.16       enable-debugging-handlers
enableContentionProfiling                   boolean   1.16       contention-profiling
healthzPort                                 number    1.16       healthz-port
healthzBindAddress                          text      1.16       healthz-bind-address
oomScoreAdj                                 number    1.16       oom-score-adj
clusterDomain                               text      1.16       cluster-domain
clusterDNS                                  list      1.16       cluster-dns
streamingConnectionIdleTimeout              duration  1.16       streaming-connection-idle-timeout
nodeStatusUpdateFrequency                   duration  1.16       node-status-update-frequency
nodeStatusReportFrequency                   duration  1.16       -
nodeLeaseDurationSeconds                    number    1.16       -
imageMinimumGCAge                           duration  1.16       minimum-image-ttl-duration
imageGCHighThresholdPercent                 number    1.16       image-gc-high-threshold
imageGCLowThresholdPercent                  number    1.16       image-gc-low-threshold
volumeStatsAggPeriod                        duration  1.16       volume-stats-agg-period
kubeletCgroups                              text      1.16       kubelet-cgroups
systemCgroups                               text      1.16       system-cgroups
cgroupRoot                                  text      1.16       cgroup-root
cgroupsPerQOS                               boolean   1.16       cgroups-per-qos
cgroupDriver                                text      1.16       cgroup-driver
cpuManagerPolicy                            text      1.16       cpu-manager-policy
cpuManagerReconcilePeriod                   duration  1.16       cpu-manager-reconcile-period
topologyManagerPolicy                       text      1.16       topology-manager-policy
topologyManagerScope                        text      1.20       topology-manager-scope
qosReserved                                 texts     1.16       qos-reserved
runtimeRequestTimeout                       duration  1.16       runtime-request-timeout
hairpinMode                                 text      1.16       hairpin-mode
maxPods                                     number    1.16       max-pods
podCIDR                                     text      1.16       pod-cidr
podPidsLimit                                number    1.16       pod-max-pids
resolvConf                                  text      1.16       resolv-conf
runOnce                                     boolean   1.19       runonce
cpuCFSQuota                                 boolean   1.16       cpu-cfs-quota
cpuCFSQuotaPeriod                           duration  1.16       cpu-cfs-quota-period
nodeStatusMaxImages                         number    1.19       node-status-max-images
maxOpenFiles                                number    1.16       max-open-files
contentType                                 text      1.16       kube-api-content-type
kubeAPIQPS                                  number    1.16       kube-api-qps
kubeAPIBurst                                number    1.16       kube-api-burst
serializeImagePulls                         boolean   1.16       serialize-image-pulls
evictionHard                                texts     1.16       eviction-hard
evictionSoft                                texts     1.16       eviction-soft
evictionSoftGracePeriod                     texts     1.16       eviction-soft-grace-period
evictionPressureTransitionPeriod            duration  1.16       eviction-pressure-transition-period
evictionMaxPodGracePeriod                   number    1.16       eviction-max-pod-grace-period
evictionMinimumReclaim                      texts     1.16       eviction-minimum-reclaim
podsPerCore                                 number    1.16       pods-per-core
enableControllerAttachDetach                boolean   1.16       enable-controller-attach-detach
protectKernelDefaults                       boolean   1.16       protect-kernel-defaults
makeIPTablesUtilChains                      boolean   1.16       make-iptables-util-chains
iptablesMasqueradeBit                       number    1.16       iptables-masquerade-bit
iptablesDropBit                             number    1.16       iptables-drop-bit
featureGates                                switches  1.16       feature-gates
failSwapOn                                  boolean   1.16       fail-swap-on
containerLogMaxSize                         text      1.16       container-log-max-size
containerLogMaxFiles                        number    1.16       container-log-max-files
configMapAndSecretChangeDetectionStrategy   text      1.16       -
systemReserved                              texts     1.16       system-reserved
kubeReserved                                texts     1.16       kube-reserved
reservedSystemCPUs                          text      1.17       reserved-cpus
showHiddenMetricsForVersion                 text      1.18       -
systemReservedCgroup                        text      1.16       system-reserved-cgroup
kubeReservedCgroup                          text      1.16       kube-reserved-cgroup
enforceNodeAllocatable                      list      1.16       enforce-node-allocatable
allowedUnsafeSysctls                        list      1.16       allowed-unsafe-sysctls
volumePluginDir                             text      1.19       volume-plugin-dir
providerID                                  text      1.19       provider-id
kernelMemcgNotification                     boolean   1.19       kernel-memcg-notification,experimental-kernel-memcg-notification
enableSystemLogHandler                      boolean   1.19       -
shutdownGracePeriod                         duration  1.20       -
shutdownGracePeriodCriticalPods             duration  1.20       -
memoryManagerPolicy                         text      1.21       memory-manager-policy
reservedMemory                              list      1.21       reserved-memory
enableProfilingHandler                      boolean   1.21       -
enableDebugFlagsHandler                     boolean   1.21       -
cpuManagerPolicyOptions                     texts     1.22       cpu-manager-policy-options
memorySwap.swapBehavior                     text      1.22       -
seccompDefault                              boolean   1.22       -
memoryThrottlingFactor                      number    1.22       -
shutdownGracePeriodByPodPriority            list      1.23       -
registerWithTaints                          list      1.23       register-with-taints
registerNode                                boolean   1.23       register-node
localStorageCapacityIsolation               boolean   1.25       local-storage-capacity-isolation
topologyManagerPolicyOptions                texts     1.26       topology-manager-policy-options
maxParallelImagePulls                       number    1.27       -
enableSystemLogQuery                        boolean   1.27       -
containerRuntimeEndpoint                    text      1.27       container-runtime-endpoint
imageServiceEndpoint                        text      1.27       image-service-endpoint
imageMaximumGCAge                           duration  1.29       -
podLogsDir                                  text      1.30       -
containerLogMaxWorkers                      number    1.30       -
containerLogMonitorInterval                 duration  1.30       -
failCgroupV1                                boolean   1.31       fail-cgroupv1
singleProcessOOMKill                        boolean   1.32       -
crashLoopBackOff.maxContainerRestartPeriod  duration  1.32       -
imagePullCredentialsVerificationPolicy      text      1.33       -
preloadedImagesVerificationAllowlist        list      1.33       -
mergeDefaultEvictionSettings                boolean   1.33       -
userNamespaces.idsPerPod                    number    1.33       -
logging.format                              text      1.19       logging-format
logging.sanitization                        boolean   1.20-1.23  experimental-logging-sanitization
logging.flushFrequency                      any       1.23       log-flush-frequency
logging.verbosity                           number    1.23       v
logging.vmodule                             list      1.23       vmodule
logging.options.json.infoBufferSize         any       1.23       -
logging.options.json.splitStream            boolean   1.23       -
logging.options.text.infoBufferSize         any       1.30       -
logging.options.text.splitStream            boolean   1.30       -
tracing.endpoint                            text      1.25       -
tracing.samplingRatePerMillion              number    1.25       -
`;

/** By path, its keys joined with dots. */
export const kubeletFields: ReadonlyMap<string, KubeletField> = new Map(
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [path = '', type = '', releases = '', flags = ''] = line.split(/ +/);
      const [since = '', until] = releases.split('-');
      const field = { type: type as FieldType, since, ...(until && { until }) };
      return [path, { ...field, flags: flags === '-' ? [] : flags.split(',') }];
    }),
);
