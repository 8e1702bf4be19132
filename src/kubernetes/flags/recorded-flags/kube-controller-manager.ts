/** The flags of kube-controller-manager, as `recorded-flags.ts` reads them: name, first minor release, first one without it, and what it is. */
export const kubeControllerManager = `
add-dir-header                                       1.16  1.26  switch
address                                              1.16  1.22
address                                              1.22  1.24  hidden
allocate-node-cidrs                                  1.16  -     switch
allow-metric-labels                                  1.21  -
allow-metric-labels-manifest                         1.29  -
allow-untagged-cloud                                 1.16  -     switch hidden
alsologtostderr                                      1.16  1.26  switch
attach-detach-reconcile-sync-period                  1.16  -
authentication-kubeconfig                            1.16  -
authentication-skip-lookup                           1.16  -     switch
authentication-token-webhook-cache-ttl               1.16  -
authentication-tolerate-lookup-failure               1.16  -     switch
authorization-always-allow-paths                     1.16  -
authorization-kubeconfig                             1.16  -
authorization-webhook-cache-authorized-ttl           1.16  -
authorization-webhook-cache-unauthorized-ttl         1.16  -
bind-address                                         1.16  -
cert-dir                                             1.16  -
cidr-allocator-type                                  1.16  -
client-ca-file                                       1.16  -
cloud-config                                         1.16  -
cloud-provider                                       1.16  -
cloud-provider-gce-lb-src-cidrs                      1.16  1.31  hidden
cluster-cidr                                         1.16  -
cluster-name                                         1.16  -
cluster-signing-cert-file                            1.16  -
cluster-signing-duration                             1.19  -
cluster-signing-key-file                             1.16  -
cluster-signing-kube-apiserver-client-cert-file      1.19  -
cluster-signing-kube-apiserver-client-key-file       1.19  -
cluster-signing-kubelet-client-cert-file             1.19  -
cluster-signing-kubelet-client-key-file              1.19  -
cluster-signing-kubelet-serving-cert-file            1.19  -
cluster-signing-kubelet-serving-key-file             1.19  -
cluster-signing-legacy-unknown-cert-file             1.19  -
cluster-signing-legacy-unknown-key-file              1.19  -
concurrent-cron-job-syncs                            1.28  -
concurrent-daemonset-syncs                           1.32  -
concurrent-deployment-syncs                          1.16  -
concurrent-device-taint-eviction-syncs               1.35  -
concurrent-endpoint-syncs                            1.16  -
concurrent-ephemeralvolume-syncs                     1.23  -
concurrent-gc-syncs                                  1.16  -
concurrent-horizontal-pod-autoscaler-syncs           1.26  -
concurrent-job-syncs                                 1.28  -
concurrent-namespace-syncs                           1.16  -
concurrent-rc-syncs                                  1.16  -
concurrent-replicaset-syncs                          1.16  -
concurrent-resource-quota-syncs                      1.16  -
concurrent-resourceclaim-syncs                       1.36  -
concurrent-service-endpoint-syncs                    1.16  -
concurrent-service-syncs                             1.16  -
concurrent-serviceaccount-token-syncs                1.16  -
concurrent-statefulset-syncs                         1.16  -
concurrent-ttl-after-finished-syncs                  1.16  -
concurrent-validating-admission-policy-status-syncs  1.28  -
configure-cloud-routes                               1.16  -     switch
contention-profiling                                 1.16  -     switch
controller-shutdown-timeout                          1.35  -
controller-start-interval                            1.16  -
controllers                                          1.16  -
deleting-pods-burst                                  1.16  1.25  hidden
deleting-pods-qps                                    1.16  1.25  hidden
deployment-controller-sync-period                    1.16  1.23
deployment-controller-sync-period                    1.23  1.24  hidden
disable-attach-detach-reconcile-sync                 1.16  -     switch
disable-force-detach-on-timeout                      1.30  -     switch
disable-http2-serving                                1.31  -     switch
disabled-metrics                                     1.21  -
emulated-version                                     1.31  -
enable-dynamic-provisioning                          1.16  -     switch
enable-garbage-collector                             1.16  -     switch
enable-hostpath-provisioner                          1.16  -     switch
enable-leader-migration                              1.21  -     switch
enable-taint-manager                                 1.16  1.25  switch
enable-taint-manager                                 1.25  1.27  switch hidden
endpoint-updates-batch-period                        1.16  -
endpointslice-updates-batch-period                   1.18  -
experimental-cluster-signing-duration                1.16  1.19
experimental-cluster-signing-duration                1.19  1.25  hidden
experimental-logging-sanitization                    1.20  1.24  switch
external-cloud-volume-plugin                         1.16  -
feature-gates                                        1.16  -
flex-volume-plugin-dir                               1.16  -
horizontal-pod-autoscaler-cpu-initialization-period  1.16  -
horizontal-pod-autoscaler-downscale-delay            1.16  1.31  hidden
horizontal-pod-autoscaler-downscale-stabilization    1.16  -
horizontal-pod-autoscaler-initial-readiness-delay    1.16  -
horizontal-pod-autoscaler-sync-period                1.16  -
horizontal-pod-autoscaler-tolerance                  1.16  -
horizontal-pod-autoscaler-upscale-delay              1.16  1.31  hidden
horizontal-pod-autoscaler-use-rest-clients           1.16  1.22  switch hidden
http2-max-streams-per-connection                     1.16  -
kube-api-burst                                       1.16  -
kube-api-content-type                                1.16  -
kube-api-qps                                         1.16  -
kubeconfig                                           1.16  -
large-cluster-size-threshold                         1.16  -
leader-elect                                         1.16  -     switch
leader-elect-lease-duration                          1.16  -
leader-elect-renew-deadline                          1.16  -
leader-elect-resource-lock                           1.16  -
leader-elect-resource-name                           1.16  -
leader-elect-resource-namespace                      1.16  -
leader-elect-retry-period                            1.16  -
leader-migration-config                              1.21  -
legacy-service-account-token-clean-up-period         1.28  -
log-backtrace-at                                     1.16  1.26
log-dir                                              1.16  1.26
log-file                                             1.16  1.26
log-file-max-size                                    1.16  1.26
log-flush-frequency                                  1.16  -
log-json-info-buffer-size                            1.23  -
log-json-split-stream                                1.23  -     switch
log-text-info-buffer-size                            1.30  -
log-text-split-stream                                1.30  -     switch
logging-format                                       1.19  -
logtostderr                                          1.16  1.26  switch
master                                               1.16  -
max-endpoints-per-slice                              1.16  -
min-compatibility-version                            1.35  -
min-resync-period                                    1.16  -
mirroring-concurrent-service-endpoint-syncs          1.19  -
mirroring-endpointslice-updates-batch-period         1.19  -
mirroring-max-endpoints-per-subset                   1.19  -
namespace-sync-period                                1.16  -
node-cidr-mask-size                                  1.16  -
node-cidr-mask-size-ipv4                             1.17  -
node-cidr-mask-size-ipv6                             1.17  -
node-eviction-rate                                   1.16  -
node-monitor-grace-period                            1.16  -
node-monitor-period                                  1.16  -
node-startup-grace-period                            1.16  -
node-sync-period                                     1.16  -     hidden
one-output                                           1.20  1.26  switch
permit-address-sharing                               1.21  -     switch
permit-port-sharing                                  1.19  -     switch
pod-eviction-timeout                                 1.16  1.26
pod-eviction-timeout                                 1.26  1.27  hidden
port                                                 1.16  1.22
port                                                 1.22  1.24  hidden
profiling                                            1.16  -     switch
pv-recycler-increment-timeout-nfs                    1.16  -
pv-recycler-minimum-timeout-hostpath                 1.16  -
pv-recycler-minimum-timeout-nfs                      1.16  -
pv-recycler-pod-template-filepath-hostpath           1.16  -
pv-recycler-pod-template-filepath-nfs                1.16  -
pv-recycler-timeout-increment-hostpath               1.16  -
pvclaimbinder-sync-period                            1.16  -
register-retry-count                                 1.16  1.25  hidden
requestheader-allowed-names                          1.16  -
requestheader-client-ca-file                         1.16  -
requestheader-extra-headers-prefix                   1.16  -
requestheader-group-headers                          1.16  -
requestheader-uid-headers                            1.32  -
requestheader-username-headers                       1.16  -
resource-quota-sync-period                           1.16  -
root-ca-file                                         1.16  -
route-reconciliation-period                          1.16  -
secondary-node-eviction-rate                         1.16  -
secure-port                                          1.16  -
service-account-private-key-file                     1.16  -
service-cluster-ip-range                             1.16  -
show-hidden-metrics-for-version                      1.18  -
skip-headers                                         1.16  1.26  switch
skip-log-headers                                     1.16  1.26  switch
stderrthreshold                                      1.16  1.26
terminated-pod-gc-threshold                          1.16  -
tls-cert-file                                        1.16  -
tls-cipher-suites                                    1.16  -
tls-curve-preferences                                1.36  -
tls-min-version                                      1.16  -
tls-private-key-file                                 1.16  -
tls-sni-cert-key                                     1.16  -
unhealthy-zone-threshold                             1.16  -
use-service-account-credentials                      1.16  -     switch
v                                                    1.16  -
version                                              1.16  -     switch
vmodule                                              1.16  -
volume-host-allow-local-loopback                     1.20  1.28  switch
volume-host-allow-local-loopback                     1.28  1.31  switch hidden
volume-host-cidr-denylist                            1.20  1.28
volume-host-cidr-denylist                            1.28  1.31  hidden
`;
