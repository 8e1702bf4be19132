import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`units/${name}.txt`, import.meta.url), 'utf8');

/** Unit files in the styles found in the wild, as `systemctl cat` prints them, with the environment files they name. */
export const units: Readonly<Record<string, { text: string; environment: ReadonlyMap<string, string> }>> =
  Object.fromEntries(
    (
      [
        ['kubeasz'],
        ['hard-way'],
        ['blog-opts', '/opt/k8s/conf/kubelet.conf'],
        ['kubespray', '/etc/kubernetes/kubelet.env'],
        ['kubeadm', '/var/lib/kubelet/kubeadm-flags.env'],
        ['rpm', '/etc/kubernetes/controller-manager'],
        ['quoted'],
        ['spaced'],
        ['repeated'],
        ['later-reset'],
        ['script'],
        ['script-file'],
        ['earlier-drop-in'],
        ['taskset'],
        ['no-expand'],
      ] as const
    ).map(([name, path]) => [
      name,
      { text: read(name), environment: new Map(path === undefined ? [] : [[path, read(`${name}.env`)]]) },
    ]),
  );

export function unit(name: string): { text: string; environment: ReadonlyMap<string, string> } {
  const found = units[name];
  if (!found) throw new Error(`no such unit: ${name}`);
  return found;
}
