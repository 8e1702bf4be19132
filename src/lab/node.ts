import { type Authority, kubeletIdentity, renderKubeconfig } from './certificates.ts';
import { podRange, type RoleFiles } from './control-plane.ts';
import { pauseImage } from './parts.ts';
import { type Service, serviceFiles, unitsOf } from './units.ts';

/** containerd, the kubelet and kube-proxy, without any pod network: no plugin, no configuration of one. */
export async function containerdNode(authority: Authority, server: string, name: string): Promise<RoleFiles> {
  const [kubelet, proxy] = await Promise.all([
    authority.issue(kubeletIdentity(name)),
    authority.issue({ commonName: 'system:kube-proxy', organization: 'system:node-proxier' }),
  ]);
  const services = [kubeletService(name), proxyService];
  return {
    files: [
      ...services.flatMap(serviceFiles),
      { path: 'opt/k8s/logs/.keep', content: '' },
      { path: 'opt/k8s/ssl/ca.pem', content: authority.certificate },
      {
        path: 'opt/k8s/conf/kubelet.kubeconfig',
        content: renderKubeconfig(server, authority, `system:node:${name}`, kubelet),
        mode: 0o600,
      },
      {
        path: 'opt/k8s/conf/kube-proxy.kubeconfig',
        content: renderKubeconfig(server, authority, 'system:kube-proxy', proxy),
        mode: 0o600,
      },
      { path: 'opt/k8s/conf/kubelet.yaml', content: kubeletConfiguration },
      { path: 'opt/k8s/conf/kube-proxy.yaml', content: proxyConfiguration(name) },
      { path: 'etc/containerd/config.toml', content: containerdConfiguration },
      { path: 'etc/systemd/system/lab-images.service', content: imagesUnit },
    ],
    units: unitsOf(services, {
      'containerd.service': '/lib/systemd/system/containerd.service',
      'lab-images.service': '/etc/systemd/system/lab-images.service',
    }),
  };
}

const kubeletService = (name: string): Service => ({
  program: 'kubelet',
  description: 'Kubernetes Kubelet',
  after: ['containerd.service', 'lab-images.service'],
  environment: ['AWS_EC2_METADATA_DISABLED=true'], // or it looks for a cloud for six seconds at every start
  flags: [
    `--hostname-override=${name}`,
    '--kubeconfig=/opt/k8s/conf/kubelet.kubeconfig',
    '--config=/opt/k8s/conf/kubelet.yaml',
    '--cert-dir=/opt/k8s/ssl',
    '--container-runtime=remote',
    '--container-runtime-endpoint=unix:///run/containerd/containerd.sock',
    `--pod-infra-container-image=${pauseImage}`,
    '--v=2',
  ],
});

const proxyService: Service = {
  program: 'kube-proxy',
  description: 'Kubernetes Proxy',
  flags: ['--config=/opt/k8s/conf/kube-proxy.yaml', '--v=2'],
};

const kubeletConfiguration = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: { enabled: false }
  webhook: { enabled: true }
  x509: { clientCAFile: /opt/k8s/ssl/ca.pem }
authorization: { mode: Webhook }
cgroupDriver: cgroupfs
failSwapOn: false
readOnlyPort: 0
# The disk is the whole machine's: never evict nor collect because of it.
imageGCHighThresholdPercent: 100
evictionHard: { memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1% }
`;

const proxyConfiguration = (name: string): string => `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: /opt/k8s/conf/kube-proxy.kubeconfig }
hostnameOverride: ${name}
mode: iptables
clusterCIDR: ${podRange}
conntrack: { maxPerCore: 0 }
`;

/** As Debian ships it, and the settings that a host without CAP_SYS_RESOURCE and without a registry needs. */
const containerdConfiguration = `version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "${pauseImage}"
    restrict_oom_score_adj = true
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "/usr/local/lib/lab/runc-clamp"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
`;

const imagesUnit = `[Unit]
Description=Images that the lab's nodes cannot pull
After=containerd.service
Requires=containerd.service
ConditionPathExists=!/var/lib/containerd/lab-images-loaded

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for image in /opt/k8s/images/*.tar; do ctr -n k8s.io images import "$image" || exit 1; done; touch /var/lib/containerd/lab-images-loaded'

[Install]
WantedBy=multi-user.target
`;
