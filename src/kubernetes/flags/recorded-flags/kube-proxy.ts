/** The flags of kube-proxy, as `recorded-flags.ts` reads them: name, first minor release, first one without it, and what it is. */
export const kubeProxy = `
add-dir-header                     1.16  1.26  switch
alsologtostderr                    1.16  1.26  switch
bind-address                       1.16  -
bind-address-hard-fail             1.19  -     switch
boot-id-file                       1.21  -
cleanup                            1.16  -     switch
cleanup-ipvs                       1.16  1.17  switch
cleanup-ipvs                       1.17  1.21  switch hidden
cluster-cidr                       1.16  -
config                             1.16  -
config-sync-period                 1.16  -
conntrack-max-per-core             1.16  -
conntrack-min                      1.16  -
conntrack-tcp-be-liberal           1.29  -     switch
conntrack-tcp-timeout-close-wait   1.16  -
conntrack-tcp-timeout-established  1.16  -
conntrack-udp-timeout              1.29  -
conntrack-udp-timeout-stream       1.29  -
detect-local-mode                  1.18  -
feature-gates                      1.16  -
healthz-bind-address               1.16  -
healthz-port                       1.16  1.18
healthz-port                       1.18  -     hidden
hostname-override                  1.16  -
init-only                          1.29  -     switch
iptables-localhost-nodeports       1.26  -     switch
iptables-masquerade-bit            1.16  -
iptables-min-sync-period           1.16  -
iptables-sync-period               1.16  -
ipvs-exclude-cidrs                 1.16  -
ipvs-min-sync-period               1.16  -
ipvs-scheduler                     1.16  -
ipvs-strict-arp                    1.16  -     switch
ipvs-sync-period                   1.16  -
ipvs-tcp-timeout                   1.18  -
ipvs-tcpfin-timeout                1.18  -
ipvs-udp-timeout                   1.18  -
kube-api-burst                     1.16  -
kube-api-content-type              1.16  -
kube-api-qps                       1.16  -
kubeconfig                         1.16  -
log-backtrace-at                   1.16  1.26
log-dir                            1.16  1.26
log-file                           1.16  1.26
log-file-max-size                  1.16  1.26
log-flush-frequency                1.16  -
log-json-info-buffer-size          1.28  -
log-json-split-stream              1.28  -     switch
log-text-info-buffer-size          1.30  -
log-text-split-stream              1.30  -     switch
logging-format                     1.28  -
logtostderr                        1.16  1.26  switch
machine-id-file                    1.21  -
masquerade-all                     1.16  -     switch
master                             1.16  -
metrics-bind-address               1.16  -
metrics-port                       1.16  1.18
metrics-port                       1.18  -     hidden
nodeport-addresses                 1.16  -
one-output                         1.20  1.26  switch
oom-score-adj                      1.16  -
pod-bridge-interface               1.24  -
pod-interface-name-prefix          1.24  -
profiling                          1.16  -     switch
proxy-mode                         1.16  -
proxy-port-range                   1.16  1.29
proxy-port-range                   1.29  1.31  hidden
show-hidden-metrics-for-version    1.18  -
skip-headers                       1.16  1.26  switch
skip-log-headers                   1.16  1.26  switch
stderrthreshold                    1.16  1.26
udp-timeout                        1.16  1.26
v                                  1.16  -
version                            1.16  -     switch
vmodule                            1.16  -
write-config-to                    1.16  -
`;
