import { type Authority, type KeyPair, renderKubeconfig } from './certificates.ts';
import type { HostFile } from './host-files.ts';
import { isCurrent, type KubernetesVersion } from './kubernetes-version.ts';
import { type Service, serviceFiles, unitsOf } from './units.ts';

export const serviceRange = '10.254.0.0/16';
export const podRange = '10.5.0.0/16';
export const apiServerUrl = (address: string): string => `https://${address}:6443`;

/** What a role's hosts carry over the template. */
export interface RoleFiles {
  readonly files: readonly HostFile[];
  readonly units: ReadonlyMap<string, string>;
}

/** To files, as long as programs could. */
const logging = (version: KubernetesVersion): string[] =>
  isCurrent(version) ? ['--v=2'] : ['--v=2', '--logtostderr=false', '--log-dir=/opt/k8s/logs'];
const logFolder: HostFile = { path: 'opt/k8s/logs/.keep', content: '' };

const pairFiles = (name: string, pair: KeyPair): HostFile[] => [
  { path: `opt/k8s/ssl/${name}.pem`, content: pair.certificate },
  { path: `opt/k8s/ssl/${name}-key.pem`, content: pair.key, mode: 0o600 },
];

/** etcd, the API server, the scheduler and a controller-manager. */
export async function firstControlPlane(
  authority: Authority,
  serviceAccountKey: string,
  address: string,
  version: KubernetesVersion,
): Promise<RoleFiles> {
  const server = apiServerUrl(address);
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
  const [etcd, apiServer, toKubelets, scheduler, manager] = await Promise.all([
    authority.issue({ commonName: 'etcd', servesAt: ['cp1', '127.0.0.1', address] }),
    authority.issue({ commonName: 'kube-apiserver', servesAt: [...names, 'cp1', '127.0.0.1', '10.254.0.1', address] }),
    authority.issue({ commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' }),
    authority.issue({ commonName: 'system:kube-scheduler' }),
    controllerManager(authority, serviceAccountKey, server),
  ]);
  const services = [
    etcdService(address),
    apiServerService(address, version),
    schedulerService(version),
    controllerManagerService(version),
  ];
  const schedulerConfig = renderKubeconfig(server, authority, 'system:kube-scheduler', scheduler);
  return {
    files: [
      ...services.flatMap(serviceFiles),
      ...manager,
      ...pairFiles('etcd', etcd),
      ...pairFiles('kube-apiserver', apiServer),
      ...pairFiles('kubelet-client', toKubelets),
      { path: 'opt/k8s/conf/kube-scheduler.kubeconfig', content: schedulerConfig, mode: 0o600 },
    ],
    units: unitsOf(services),
  };
}

/** A controller-manager alone: the replica that waits to lead. */
export async function furtherControlPlane(
  authority: Authority,
  serviceAccountKey: string,
  server: string,
  version: KubernetesVersion,
): Promise<RoleFiles> {
  const service = controllerManagerService(version);
  const files = await controllerManager(authority, serviceAccountKey, server);
  return { files: [...serviceFiles(service), ...files], units: unitsOf([service]) };
}

async function controllerManager(authority: Authority, serviceAccountKey: string, server: string): Promise<HostFile[]> {
  const user = 'system:kube-controller-manager';
  const content = renderKubeconfig(server, authority, user, await authority.issue({ commonName: user }));
  return [
    logFolder,
    ...pairFiles('ca', authority),
    { path: 'opt/k8s/ssl/service-account-key.pem', content: serviceAccountKey, mode: 0o600 },
    { path: 'opt/k8s/conf/kube-controller-manager.kubeconfig', content, mode: 0o600 },
  ];
}

const etcdService = (address: string): Service => ({
  program: 'etcd',
  description: 'etcd',
  flags: [
    '--name=cp1',
    '--data-dir=/var/lib/etcd',
    `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`,
    `--advertise-client-urls=https://${address}:2379`,
    '--cert-file=/opt/k8s/ssl/etcd.pem',
    '--key-file=/opt/k8s/ssl/etcd-key.pem',
    '--trusted-ca-file=/opt/k8s/ssl/ca.pem',
    '--client-cert-auth',
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--unsafe-no-fsync', // a lab is not worth the disk's time
  ],
});

const apiServerService = (address: string, version: KubernetesVersion): Service => ({
  program: 'kube-apiserver',
  description: 'Kubernetes API Server',
  after: ['etcd.service'],
  flags: [
    `--advertise-address=${address}`,
    '--secure-port=6443',
    '--etcd-servers=https://127.0.0.1:2379',
    '--etcd-cafile=/opt/k8s/ssl/ca.pem',
    '--etcd-certfile=/opt/k8s/ssl/etcd.pem',
    '--etcd-keyfile=/opt/k8s/ssl/etcd-key.pem',
    '--client-ca-file=/opt/k8s/ssl/ca.pem',
    '--tls-cert-file=/opt/k8s/ssl/kube-apiserver.pem',
    '--tls-private-key-file=/opt/k8s/ssl/kube-apiserver-key.pem',
    '--kubelet-client-certificate=/opt/k8s/ssl/kubelet-client.pem',
    '--kubelet-client-key=/opt/k8s/ssl/kubelet-client-key.pem',
    '--kubelet-preferred-address-types=InternalIP,Hostname',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${serviceRange}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-account-key-file=/opt/k8s/ssl/service-account-key.pem',
    '--service-account-signing-key-file=/opt/k8s/ssl/service-account-key.pem',
    ...logging(version),
  ],
});

const schedulerService = (version: KubernetesVersion): Service => ({
  program: 'kube-scheduler',
  description: 'Kubernetes Scheduler',
  after: ['kube-apiserver.service'],
  flags: ['--kubeconfig=/opt/k8s/conf/kube-scheduler.kubeconfig', '--leader-elect', ...logging(version)],
});

/** Knows nothing of pod ranges: neither --allocate-node-cidrs nor --cluster-cidr. */
const controllerManagerService = (version: KubernetesVersion): Service => ({
  program: 'kube-controller-manager',
  description: 'Kubernetes Controller Manager',
  flags: [
    ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
      (flag) => `--${flag}=/opt/k8s/conf/kube-controller-manager.kubeconfig`,
    ),
    '--bind-address=127.0.0.1',
    ...(isCurrent(version) ? [] : ['--port=0']),
    '--leader-elect',
    '--use-service-account-credentials',
    '--service-account-private-key-file=/opt/k8s/ssl/service-account-key.pem',
    '--root-ca-file=/opt/k8s/ssl/ca.pem',
    '--cluster-signing-cert-file=/opt/k8s/ssl/ca.pem',
    '--cluster-signing-key-file=/opt/k8s/ssl/ca-key.pem',
    '--controllers=*,bootstrapsigner,tokencleaner',
    ...logging(version),
  ],
});
