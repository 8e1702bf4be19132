import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`${name}.txt`, import.meta.url), 'utf8');

/** Which environment files each unit has: the path it names, and the file here. */
const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kubeasz: {},
  'kubeasz-controller-manager': {},
  'kubeasz-proxy': {},
  'hard-way': {},
  'hard-way-kubelet': {},
  'hard-way-proxy': {},
  'blog-opts': { '/opt/k8s/conf/kubelet.conf': 'blog-opts' },
  'blog-controller-manager': { '/opt/k8s/conf/kube-controller-manager': 'blog-controller-manager' },
  'blog-proxy': { '/opt/k8s/conf/kube-proxy.conf': 'blog-proxy' },
  kubespray: { '/etc/kubernetes/kubelet.env': 'kubespray' },
  kubeadm: { '/var/lib/kubelet/kubeadm-flags.env': 'kubeadm' },
  rpm: { '/etc/kubernetes/controller-manager': 'rpm' },
  'rpm-kubelet': { '/etc/kubernetes/config': 'rpm-config', '/etc/kubernetes/kubelet': 'rpm-kubelet' },
  'rpm-proxy': { '/etc/kubernetes/config': 'rpm-config', '/etc/kubernetes/proxy': 'rpm-proxy' },
  'debian-kubelet': { '/etc/default/kubelet': 'debian-kubelet' },
  'debian-controller-manager': {},
  'debian-proxy': { '/etc/default/kube-proxy': 'debian-proxy' },
  quoted: {},
  spaced: {},
  repeated: {},
  switches: {},
  specifiers: {},
  'later-reset': {},
  script: {},
  'script-file': {},
  'earlier-drop-in': {},
  taskset: {},
  'no-expand': {},
};

/** Unit files in the styles found in the wild, as `systemctl cat` prints them, with the environment files they name. */
export const units: Readonly<Record<string, { text: string; environment: ReadonlyMap<string, string> }>> =
  Object.fromEntries(
    Object.entries(environments).map(([name, files]) => [
      name,
      {
        text: read(name),
        environment: new Map(Object.entries(files).map(([path, file]) => [path, read(`${file}.env`)])),
      },
    ]),
  );

export function unit(name: string): { text: string; environment: ReadonlyMap<string, string> } {
  const found = units[name];
  if (!found) throw new Error(`no such unit: ${name}`);
  return found;
}
