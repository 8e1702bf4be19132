import { ProvisionError } from '../../errors.ts';
import { effectiveFlag, type KnownFlags } from '../flags/flags.ts';

export type RuntimeType = 'containerd' | 'docker';

/** The systemd unit of a runtime, where the inventory names none. */
export const runtimeUnits: Readonly<Record<RuntimeType, string>> = {
  containerd: 'containerd.service',
  docker: 'docker.service',
};

export interface KubeletCommand {
  readonly unit: string;
  /** The command line it is to have. */
  readonly argv: readonly string[];
  /** What its `--help` lists; without it nothing is said of what it does when no flag names a runtime. */
  readonly known?: KnownFlags;
}

/** Kubelets before 1.24 have dockershim in them, and network flags for it. */
const hasDockershim = (known: KnownFlags | undefined): boolean | undefined => known?.has('network-plugin');

/** The runtime such a kubelet drives; undefined where that cannot be told. */
export function runtimeOf({ argv, known }: Pick<KubeletCommand, 'argv' | 'known'>): RuntimeType | 'remote' | undefined {
  const isFlagKnown = known === undefined || known.has('container-runtime');
  const flag = isFlagKnown ? effectiveFlag(argv, 'container-runtime', known) : undefined;
  if (flag === 'remote' || flag === 'docker') return flag;
  const dockershim = hasDockershim(known);
  return dockershim === undefined ? undefined : dockershim ? 'docker' : 'remote';
}

/** Refuses a kubelet that cannot be what the inventory calls it. Throws DOCKERSHIM_MISSING and RUNTIME_DIFFERS. */
export function checkRuntime(kubelet: KubeletCommand, said: RuntimeType): void {
  if (said === 'docker' && hasDockershim(kubelet.known) === false) throw noDockershim(kubelet.unit);
  const found = runtimeOf(kubelet);
  if (found === 'docker' && said !== 'docker') throw differs(kubelet, said, 'docker');
  if (found === 'remote' && said === 'docker') throw differs(kubelet, said, 'containerd');
}

const noDockershim = (unit: string): ProvisionError =>
  new ProvisionError({
    code: 'DOCKERSHIM_MISSING',
    kind: 'operation',
    what: `The inventory says runtime.type: docker, but the kubelet (${unit}) knows no --network-plugin`,
    why: 'Since Kubernetes 1.24 kubelets have no dockershim; with cri-dockerd the network flags are its own',
    fix: 'With cri-dockerd nothing can be set here: let the host run containerd and write `runtime: { type: containerd }`, or leave it out.',
  });

function differs({ unit, argv, known }: KubeletCommand, said: RuntimeType, found: RuntimeType): ProvisionError {
  const runtime = effectiveFlag(argv, 'container-runtime', known);
  const endpoint = effectiveFlag(argv, 'container-runtime-endpoint', known);
  const flags = [
    ...(runtime === undefined ? [] : [`--container-runtime=${runtime}`]),
    ...(endpoint === undefined ? [] : [`--container-runtime-endpoint=${endpoint}`]),
  ];
  return new ProvisionError({
    code: 'RUNTIME_DIFFERS',
    kind: 'operation',
    what: `The inventory says runtime.type: ${said}, but the kubelet (${unit}) drives ${found === 'docker' ? 'Docker' : 'another runtime'}`,
    why:
      flags.length > 0
        ? `its command line has ${flags.join(' ')}`
        : 'its command line names no runtime, which before Kubernetes 1.24 means Docker through dockershim',
    fix: `Write \`runtime: { type: ${found} }\` for this host or its group in the inventory, or correct the kubelet's flags.`,
  });
}
