import semver from 'semver';

/** The version in texts such as `Kubernetes v1.20.2`, `v1.28.3+k3s1`, `containerd … 1.6.20~ds1 …`; undefined where there is none. */
export const parseVersion = (text: string): string | undefined =>
  /\bv?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.?\d*)?)/.exec(text)?.[1];

/** Compares by minor release and patch; a pre-release counts as its release. */
export function atLeast(version: string, least: string): boolean {
  const [one, other] = [semver.coerce(version), semver.coerce(least)];
  return one !== null && other !== null && semver.gte(one, other);
}

export interface FlagFate {
  readonly removedIn: string;
  /** What takes its place, for a person; empty where nothing does. */
  readonly instead: string;
}

const runtimeSettings: FlagFate = { removedIn: '1.24', instead: "the container runtime's own CNI settings" };
const klog: FlagFate = { removedIn: '1.26', instead: 'the journal, or a wrapper that redirects the output' };
const klogFlags = {
  logtostderr: klog,
  'log-dir': klog,
  'log-file': klog,
  'log-file-max-size': klog,
  alsologtostderr: klog,
  stderrthreshold: klog,
  'log-backtrace-at': klog,
  'add-dir-header': klog,
  'skip-headers': klog,
  'skip-log-headers': klog,
  'one-output': klog,
};
const bindAddress: FlagFate = { removedIn: '1.24', instead: '--bind-address and --secure-port' };

const fates: Readonly<Record<string, Readonly<Record<string, FlagFate>>>> = {
  kubelet: {
    'network-plugin': runtimeSettings,
    'cni-conf-dir': runtimeSettings,
    'cni-bin-dir': runtimeSettings,
    'cni-cache-dir': runtimeSettings,
    'network-plugin-mtu': runtimeSettings,
    'docker-endpoint': { removedIn: '1.24', instead: '--container-runtime-endpoint' },
    'image-pull-progress-deadline': { removedIn: '1.24', instead: '' },
    'container-runtime': { removedIn: '1.27', instead: '' },
    'pod-infra-container-image': { removedIn: '1.35', instead: "the runtime's sandbox image" },
    ...klogFlags,
  },
  'kube-controller-manager': { address: bindAddress, port: bindAddress, ...klogFlags },
};

/** What became of a flag that this version no longer has; undefined where it still has it or never had. */
export function removedFlag(binary: string, flag: string, version: string): FlagFate | undefined {
  const fate = fates[binary]?.[flag];
  return fate && atLeast(version, fate.removedIn) ? fate : undefined;
}
