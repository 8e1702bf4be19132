/** The releases a lab can have: of the time of dockershim, and of today. */
export const kubernetesVersions = ['1.20.2', '1.34.4'] as const;
export type KubernetesVersion = (typeof kubernetesVersions)[number];

export const dockershimKubernetes: KubernetesVersion = '1.20.2';
export const currentKubernetes: KubernetesVersion = '1.34.4';

/** Since 1.24 there is no dockershim, since 1.26 no program logs to files. */
export const isCurrent = (version: KubernetesVersion | undefined): boolean => version === currentKubernetes;

export const kubernetesPrograms = [
  'kubelet',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubectl',
];

/** What a linker is told, so that a Kubernetes program knows its version (`1.20.2`). */
export function versionStamp(version: string, buildDate: string): string {
  const [major = '', minor = ''] = version.split('.');
  const values = {
    gitMajor: major,
    gitMinor: minor,
    gitVersion: `v${version}`,
    gitCommit: 'lab',
    gitTreeState: 'clean',
    buildDate,
  };
  const stamps = Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s -w', ...stamps].join(' ');
}
