const runtimeSettings = "the container runtime's own CNI settings";
const journal = 'the journal, or a wrapper that redirects the output';
const klogFlags = {
  logtostderr: journal,
  'log-dir': journal,
  'log-file': journal,
  'log-file-max-size': journal,
  alsologtostderr: journal,
  stderrthreshold: journal,
  'log-backtrace-at': journal,
  'add-dir-header': journal,
  'skip-headers': journal,
  'skip-log-headers': journal,
  'one-output': journal,
};
const bindAddress = '--bind-address and --secure-port';

const replacements: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kubelet: {
    'network-plugin': runtimeSettings,
    'cni-conf-dir': runtimeSettings,
    'cni-bin-dir': runtimeSettings,
    'cni-cache-dir': runtimeSettings,
    'network-plugin-mtu': runtimeSettings,
    'docker-endpoint': '--container-runtime-endpoint',
    'pod-infra-container-image': "the runtime's sandbox image",
    ...klogFlags,
  },
  'kube-controller-manager': { address: bindAddress, port: bindAddress, ...klogFlags },
  'kube-proxy': klogFlags,
};

/** What takes the place of a flag that is gone, for a person; undefined where nothing does. */
export const replacementOf = (binary: string, flag: string): string | undefined => replacements[binary]?.[flag];
