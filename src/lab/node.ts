import { type Authority, kubeletIdentity, renderKubeconfig } from './certificates.ts';
import { containerdConfiguration } from './containerd-configuration.ts';
import type { ContainerdVersion } from './containerd-releases.ts';
import { podRange, type RoleFiles } from './control-plane.ts';
import { imagesUnit } from './images-unit.ts';
import { isCurrent, type KubernetesVersion } from './kubernetes-version.ts';
import { pauseImage } from './parts.ts';
import { type Service, serviceFiles, unitsOf } from './units.ts';

/** containerd, the kubelet and kube-proxy, without any pod network: no plugin, no configuration of one. */
export async function containerdNode(
  authority: Authority,
  server: string,
  name: string,
  { kubernetes, containerd }: { readonly kubernetes: KubernetesVersion; readonly containerd?: ContainerdVersion },
): Promise<RoleFiles> {
  const kubelet = isCurrent(kubernetes) ? currentKubelet(name) : kubeletService(name);
  const node = await nodeFiles(authority, server, name, kubelet, isCurrent(kubernetes) ? currentFields : '');
  const images = imagesUnit('containerd', 'ctr -n k8s.io images import');
  return {
    files: [
      ...node.files,
      { path: 'etc/containerd/config.toml', content: containerdConfiguration(containerd) },
      ...images.files,
    ],
    units: new Map([...node.units, ...images.units]),
  };
}

/** What nodes of every runtime have: kubelet and kube-proxy with their certificates. */
export async function nodeFiles(
  authority: Authority,
  server: string,
  name: string,
  kubelet: Service,
  furtherFields = '',
): Promise<RoleFiles> {
  const [forKubelet, forProxy] = await Promise.all([
    authority.issue(kubeletIdentity(name)),
    authority.issue({ commonName: 'system:kube-proxy', organization: 'system:node-proxier' }),
  ]);
  const services = [kubelet, proxyService];
  return {
    files: [
      ...services.flatMap(serviceFiles),
      { path: 'opt/k8s/logs/.keep', content: '' },
      { path: 'opt/k8s/ssl/ca.pem', content: authority.certificate },
      {
        path: 'opt/k8s/conf/kubelet.kubeconfig',
        content: renderKubeconfig(server, authority, `system:node:${name}`, forKubelet),
        mode: 0o600,
      },
      {
        path: 'opt/k8s/conf/kube-proxy.kubeconfig',
        content: renderKubeconfig(server, authority, 'system:kube-proxy', forProxy),
        mode: 0o600,
      },
      { path: 'opt/k8s/conf/kubelet.yaml', content: `${kubeletConfiguration}${furtherFields}` },
      { path: 'opt/k8s/conf/kube-proxy.yaml', content: proxyConfiguration(name) },
    ],
    units: unitsOf(services),
  };
}

/** Flags that kubelets of every time have. */
const lastingFlags = (name: string): string[] => [
  `--hostname-override=${name}`,
  '--kubeconfig=/opt/k8s/conf/kubelet.kubeconfig',
  '--config=/opt/k8s/conf/kubelet.yaml',
  '--cert-dir=/opt/k8s/ssl',
  '--v=2',
];

/** Flags of a kubelet of 1.20 that the runtime has no part in. */
export const kubeletFlags = (name: string): string[] => [
  ...lastingFlags(name),
  `--pod-infra-container-image=${pauseImage}`,
];

/** Or the kubelet looks for a cloud for six seconds at every start. */
export const withoutCloud = 'AWS_EC2_METADATA_DISABLED=true';

const kubeletService = (name: string): Service => ({
  program: 'kubelet',
  description: 'Kubernetes Kubelet',
  after: ['containerd.service', 'lab-images.service'],
  environment: [withoutCloud],
  flags: [
    ...kubeletFlags(name),
    '--container-runtime=remote',
    '--container-runtime-endpoint=unix:///run/containerd/containerd.sock',
  ],
});

/** What was a flag of the runtime is a field now. */
const currentKubelet = (name: string): Service => ({ ...kubeletService(name), flags: lastingFlags(name) });
const currentFields = 'containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n';

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
