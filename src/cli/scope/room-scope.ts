import { statSync } from 'node:fs';
import type { Settings } from '../../config/settings.ts';
import { cacheFolder } from '../../operations/facts/facts.ts';

interface Need {
  readonly path: string;
  readonly bytes: number;
}

/** How much larger than its file an archive, a package or an image is once it is unpacked; roughly, and rather too much. */
const unpacked = 4;

/** What is stored on a host that becomes a node: every artifact as it was sent, and again at its place. */
export function roomNeeds({ artifacts, install, cni }: Settings): readonly Need[] {
  const { cni_plugins, kubelet, kube_proxy, containerd, runc, packages, images } = artifacts;
  const one = (artifact: Artifact | undefined, path: string, factor = 1): readonly Need[] => {
    if (artifact === undefined) return [];
    const bytes = sizeOf(artifact.path);
    return [
      { path: `${cacheFolder}/${artifact.sha256}`, bytes },
      { path, bytes: bytes * factor },
    ];
  };
  return [
    ...one(cni_plugins, `${cni.bin_dir}/bridge`, unpacked),
    ...one(kubelet, `${install.bin_dir}/kubelet`),
    ...one(kube_proxy, `${install.bin_dir}/kube-proxy`),
    ...one(containerd, `${install.runtime_dir}/containerd`, unpacked),
    ...one(runc, `${install.runtime_dir}/runc`),
    ...packages.flatMap((artifact) => one(artifact, '/usr', unpacked)),
    ...images.flatMap((artifact) => one(artifact, '/var/lib/containerd', unpacked)),
  ];
}

interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

/** One that is missing is told elsewhere. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
