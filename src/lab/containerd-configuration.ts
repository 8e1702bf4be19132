import type { ContainerdVersion } from './containerd-releases.ts';
import { pauseImage } from './parts.ts';

const wrapper = '/usr/local/lib/lab/runc-clamp';

/** As Debian ships it, and the settings that a host without CAP_SYS_RESOURCE and without a registry needs. */
const secondVersion = `version = 2

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
        BinaryName = "${wrapper}"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
`;

/** The same in the form of containerd 2. */
const thirdVersion = `version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${pauseImage}'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = '/etc/cni/net.d'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = '${wrapper}'
`;

/** The config.toml of a lab's node; undefined is Debian 12's own containerd. Wrapped is its runc, where it is at /usr/sbin. */
export function containerdConfiguration(version: ContainerdVersion | undefined, isWrapped = true): string {
  const text = version === '2' ? thirdVersion : secondVersion;
  return isWrapped ? text : text.replace(/^.*runc\.options\]\n.*BinaryName.*\n/m, '');
}
