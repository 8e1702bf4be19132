/** The flags of kubelet, as `recorded-flags.ts` reads them: name, first minor release, first one without it, and what it is. */
export const kubelet = `
add-dir-header                                     1.16  1.26  switch
address                                            1.16  -
allowed-unsafe-sysctls                             1.16  -
alsologtostderr                                    1.16  1.26  switch
anonymous-auth                                     1.16  -     switch
application-metrics-count-limit                    1.16  -
authentication-token-webhook                       1.16  -     switch
authentication-token-webhook-cache-ttl             1.16  -
authorization-mode                                 1.16  -
authorization-webhook-cache-authorized-ttl         1.16  -
authorization-webhook-cache-unauthorized-ttl       1.16  -
azure-container-registry-config                    1.16  1.28
azure-container-registry-config                    1.28  1.30  hidden
boot-id-file                                       1.16  -
bootstrap-checkpoint-path                          1.16  1.19
bootstrap-kubeconfig                               1.16  -
cert-dir                                           1.16  -
cgroup-driver                                      1.16  -
cgroup-root                                        1.16  -
cgroups-per-qos                                    1.16  -     switch
chaos-chance                                       1.16  1.22
client-ca-file                                     1.16  -
cloud-config                                       1.16  1.34
cloud-provider                                     1.16  -
cluster-dns                                        1.16  -
cluster-domain                                     1.16  -
cni-bin-dir                                        1.16  1.24
cni-cache-dir                                      1.16  1.24
cni-conf-dir                                       1.16  1.24
config                                             1.16  -
config-dir                                         1.28  -
container-hints                                    1.16  -
container-log-max-files                            1.16  -
container-log-max-size                             1.16  -
container-runtime                                  1.16  1.27
container-runtime-endpoint                         1.16  -
containerd                                         1.16  -
containerd-namespace                               1.20  -
contention-profiling                               1.16  -     switch
cpu-cfs-quota                                      1.16  -     switch
cpu-cfs-quota-period                               1.16  -
cpu-manager-policy                                 1.16  -
cpu-manager-policy-options                         1.22  -
cpu-manager-reconcile-period                       1.16  -
docker                                             1.16  1.24
docker-endpoint                                    1.16  1.24
docker-env-metadata-whitelist                      1.16  1.24
docker-only                                        1.16  1.24  switch
docker-root                                        1.16  1.24
docker-tls                                         1.16  1.24  switch
docker-tls-ca                                      1.16  1.24
docker-tls-cert                                    1.16  1.24
docker-tls-key                                     1.16  1.24
dynamic-config-dir                                 1.16  1.24
enable-cadvisor-json-endpoints                     1.16  1.21  switch
enable-controller-attach-detach                    1.16  -     switch
enable-debugging-handlers                          1.16  -     switch
enable-load-reader                                 1.16  -     switch
enable-server                                      1.16  -     switch
enforce-node-allocatable                           1.16  -
event-burst                                        1.16  -
event-qps                                          1.16  -
event-storage-age-limit                            1.16  -
event-storage-event-limit                          1.16  -
eviction-hard                                      1.16  -
eviction-max-pod-grace-period                      1.16  -
eviction-minimum-reclaim                           1.16  -
eviction-pressure-transition-period                1.16  -
eviction-soft                                      1.16  -
eviction-soft-grace-period                         1.16  -
exit-on-lock-contention                            1.16  -     switch
experimental-allocatable-ignore-eviction           1.16  -     switch
experimental-bootstrap-kubeconfig                  1.16  1.23
experimental-check-node-capabilities-before-mount  1.16  1.24  switch
experimental-dockershim                            1.16  1.19  switch hidden
experimental-dockershim-root-directory             1.16  1.24  hidden
experimental-kernel-memcg-notification             1.16  1.25  switch
experimental-logging-sanitization                  1.20  1.24  switch
experimental-mounter-path                          1.16  -
fail-cgroupv1                                      1.31  -     switch
fail-swap-on                                       1.16  -     switch
feature-gates                                      1.16  -
file-check-frequency                               1.16  -
global-housekeeping-interval                       1.16  -
hairpin-mode                                       1.16  -
healthz-bind-address                               1.16  -
healthz-port                                       1.16  -
hostname-override                                  1.16  -
housekeeping-interval                              1.16  -
http-check-frequency                               1.16  -
image-credential-provider-bin-dir                  1.20  -
image-credential-provider-config                   1.20  -
image-gc-high-threshold                            1.16  -
image-gc-low-threshold                             1.16  -
image-pull-progress-deadline                       1.16  1.24
image-service-endpoint                             1.16  -
iptables-drop-bit                                  1.16  1.28
iptables-drop-bit                                  1.28  1.31  hidden
iptables-masquerade-bit                            1.16  1.28
iptables-masquerade-bit                            1.28  1.31  hidden
keep-terminated-pod-volumes                        1.16  1.31  switch
kernel-memcg-notification                          1.19  -     switch
kube-api-burst                                     1.16  -
kube-api-content-type                              1.16  -
kube-api-qps                                       1.16  -
kube-reserved                                      1.16  -
kube-reserved-cgroup                               1.16  -
kubeconfig                                         1.16  -
kubelet-cgroups                                    1.16  -
local-storage-capacity-isolation                   1.25  -     switch
lock-file                                          1.16  -
log-backtrace-at                                   1.16  1.26
log-cadvisor-usage                                 1.16  -     switch
log-dir                                            1.16  1.26
log-file                                           1.16  1.26
log-file-max-size                                  1.16  1.26
log-flush-frequency                                1.16  -
log-json-info-buffer-size                          1.23  -
log-json-split-stream                              1.23  -     switch
log-text-info-buffer-size                          1.30  -
log-text-split-stream                              1.30  -     switch
logging-format                                     1.19  -
logtostderr                                        1.16  1.26  switch
machine-id-file                                    1.16  -
make-iptables-util-chains                          1.16  -     switch
manifest-url                                       1.16  -
manifest-url-header                                1.16  -
master-service-namespace                           1.16  1.27
max-open-files                                     1.16  -
max-pods                                           1.16  -
maximum-dead-containers                            1.16  -
maximum-dead-containers-per-container              1.16  -
memory-manager-policy                              1.21  -
minimum-container-ttl-duration                     1.16  -
minimum-image-ttl-duration                         1.16  -
network-plugin                                     1.16  1.24
network-plugin-mtu                                 1.16  1.24
node-ip                                            1.16  -
node-labels                                        1.16  -
node-status-max-images                             1.16  -
node-status-update-frequency                       1.16  -
non-masquerade-cidr                                1.16  1.24
one-output                                         1.20  1.26  switch
oom-score-adj                                      1.16  -
pod-cidr                                           1.16  -
pod-infra-container-image                          1.16  1.35
pod-manifest-path                                  1.16  -
pod-max-pids                                       1.16  -
pods-per-core                                      1.16  -
port                                               1.16  -
protect-kernel-defaults                            1.16  -     switch
provider-id                                        1.16  -
qos-reserved                                       1.16  -
read-only-port                                     1.16  -
really-crash-for-testing                           1.16  1.24  switch
redirect-container-streaming                       1.16  1.22  switch
register-node                                      1.16  -     switch
register-schedulable                               1.16  1.34  switch
register-with-taints                               1.16  -
registry-burst                                     1.16  -
registry-qps                                       1.16  -
reserved-cpus                                      1.17  -
reserved-memory                                    1.21  -
resolv-conf                                        1.16  -
root-dir                                           1.16  -
rotate-certificates                                1.16  -     switch
rotate-server-certificates                         1.16  -     switch
runonce                                            1.16  -     switch
runtime-cgroups                                    1.16  -
runtime-request-timeout                            1.16  -
seccomp-default                                    1.22  -     switch
seccomp-profile-root                               1.16  1.23
serialize-image-pulls                              1.16  -     switch
skip-headers                                       1.16  1.26  switch
skip-log-headers                                   1.16  1.26  switch
stderrthreshold                                    1.16  1.26
storage-driver-buffer-duration                     1.16  -
storage-driver-db                                  1.16  -
storage-driver-host                                1.16  -
storage-driver-password                            1.16  -
storage-driver-secure                              1.16  -     switch
storage-driver-table                               1.16  -
storage-driver-user                                1.16  -
streaming-connection-idle-timeout                  1.16  -
sync-frequency                                     1.16  -
system-cgroups                                     1.16  -
system-reserved                                    1.16  -
system-reserved-cgroup                             1.16  -
tls-cert-file                                      1.16  -
tls-cipher-suites                                  1.16  -
tls-min-version                                    1.16  -
tls-private-key-file                               1.16  -
topology-manager-policy                            1.16  -
topology-manager-policy-options                    1.26  -
topology-manager-scope                             1.20  -
v                                                  1.16  -
version                                            1.16  -     switch
vmodule                                            1.16  -
volume-plugin-dir                                  1.16  -
volume-stats-agg-period                            1.16  -
`;
