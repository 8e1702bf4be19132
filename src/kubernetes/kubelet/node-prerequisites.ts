import type { ErrorDetails } from '../../errors.ts';
import { atLeast } from '../flags/versions.ts';
import type { CgroupDriver } from './cgroup-driver.ts';
import { isAnother, isToldDriver, type NodeRuntime } from './driver-in-effect.ts';
import type { KubeletSettings, Setting } from './kubelet-settings.ts';
import { setUpAnew } from './set-up-anew.ts';

/** What a kubelet meets on its host. */
export interface NodeConditions {
  /** 1 also where a tree of v2 is mounted beside. */
  readonly cgroup: 1 | 2;
  /** Files and devices that are swapped to. */
  readonly swaps: readonly string[];
  readonly runtime: NodeRuntime;
  /** The cgroup driver that a node which is Ready, or has pods, is to stay with. */
  readonly driverToKeep: CgroupDriver | undefined;
  readonly kubelet: {
    readonly unit: string;
    readonly version: string | undefined;
    readonly settings: KubeletSettings;
    /** Whether fields can be set, in a configuration file or a drop-in. */
    readonly takesFields: boolean;
  };
}

/** Why a kubelet does not start, or why no pod of a kubelet that does. */
export interface Obstacle extends ErrorDetails {
  readonly keepsDown: 'kubelet' | 'pods';
  readonly why: string;
  readonly fix: string;
}

export const findObstacles = (node: NodeConditions): readonly Obstacle[] =>
  [swapOn(node), cgroupV1Refused(node), cgroupV2Unknown(node), driversDiffer(node)].filter(
    (one): one is Obstacle => one !== undefined,
  );

/** Says it with its version where that is known. */
const nameKubelet = ({ kubelet: { unit, version } }: NodeConditions): string =>
  version === undefined ? unit : `${unit}, ${version}`;

const because = (setting: Setting<unknown>, field: string): string =>
  setting.from === 'default'
    ? `no flag and no field says ${field}, and its default is ${String(setting.value)}`
    : `${setting.written} in ${setting.file}`;

/** The file that decides it, where one does. */
const placeOf = ({ file }: Setting<unknown>) => (file === '' ? {} : { where: file });

/** How the inventory sets it: where a flag decides, or no file can, by the flag. */
function inInventory({ kubelet }: NodeConditions, setting: Setting<unknown>, names: Names, value: unknown): string {
  const isFlag = setting.from === 'flag' || !kubelet.takesFields;
  return isFlag
    ? `\`kubelet: { flags: { ${names.flag}: ${String(value)} } }\` in the inventory`
    : `\`kubelet: { config: { ${names.field}: ${String(value)} } }\` in the inventory`;
}

interface Names {
  readonly flag: string;
  readonly field: string;
}

/** Read at its start alone: NewContainerManager in pkg/kubelet/cm/container_manager_linux.go. */
function swapOn(node: NodeConditions): Obstacle | undefined {
  const { failSwapOn: setting } = node.kubelet.settings;
  if (setting?.value !== true || node.swaps.length === 0) return undefined;
  const names = { flag: 'fail-swap-on', field: 'failSwapOn' };
  return {
    code: 'SWAP_ON',
    kind: 'operation',
    keepsDown: 'kubelet',
    what: `swap is on (${node.swaps.join(', ')}), and the kubelet (${nameKubelet(node)}) does not start with it`,
    ...placeOf(setting),
    why: because(setting, names.field),
    fix: `Turn it off with swapoff -a and keep it off at boot (/etc/fstab, or the unit that turns it on). Or let the kubelet start all the same, by ${inInventory(node, setting, names, false)}.`,
  };
}

/** validateKubeletOSConfiguration in pkg/kubelet/apis/config/validation/validation_linux.go, since 1.31. */
function cgroupV1Refused(node: NodeConditions): Obstacle | undefined {
  const { failCgroupV1: setting } = node.kubelet.settings;
  if (setting?.value !== true || node.cgroup !== 1) return undefined;
  const names = { flag: 'fail-cgroupv1', field: 'failCgroupV1' };
  return {
    code: 'CGROUP_V1_REFUSED',
    kind: 'operation',
    keepsDown: 'kubelet',
    what: `this host has cgroup v1, and the kubelet (${nameKubelet(node)}) does not start there`,
    ...placeOf(setting),
    why: because(setting, names.field),
    fix: `Boot the host with cgroup v2 (systemd.unified_cgroup_hierarchy=1 on the kernel's command line). Or let the kubelet start all the same, by ${inInventory(node, setting, names, false)}.`,
  };
}

/** validateSystemRequirements in pkg/kubelet/cm/container_manager_linux.go up to 1.18 wants the controllers of v1. */
function cgroupV2Unknown(node: NodeConditions): Obstacle | undefined {
  const { version } = node.kubelet;
  if (node.cgroup !== 2 || version === undefined || atLeast(version, '1.19')) return undefined;
  return {
    code: 'CGROUP_V2_UNKNOWN',
    kind: 'operation',
    keepsDown: 'kubelet',
    what: `this host has cgroup v2, and the kubelet (${nameKubelet(node)}) does not start there`,
    why: 'kubelets know cgroup v2 since 1.19',
    fix: "Boot the host with cgroup v1 (systemd.unified_cgroup_hierarchy=0 on the kernel's command line), or give it a later kubelet.",
  };
}

function driversDiffer(node: NodeConditions): Obstacle | undefined {
  const { runtime, kubelet } = node;
  const { cgroupDriver: setting, runtimeEndpoint } = kubelet.settings;
  if (setting === undefined || runtime.driver === undefined || setting.value === runtime.driver.driver)
    return undefined;
  const isContainerd = runtime.type === 'containerd';
  if (isContainerd && (isAnother(runtimeEndpoint) || runtime.version === undefined)) return undefined;
  if (isToldDriver(kubelet.settings, kubelet.version, runtime) !== false) return undefined;
  const names = { flag: 'cgroup-driver', field: 'cgroupDriver' };
  const { driver } = runtime.driver;
  const forRuntime = runtime.driver.change(driver === 'systemd' ? 'cgroupfs' : 'systemd');
  const forKubelet = (value: string): string => `write ${inInventory(node, setting, names, value)}`;
  const choose = (): string => {
    const [one, other] = driver === 'systemd' ? [forKubelet(driver), forRuntime] : [forRuntime, forKubelet(driver)];
    return `Let both use systemd: ${one}. Or let both use cgroupfs: ${other}.`;
  };
  const keep = (kept: CgroupDriver): string => {
    const back = driver === kept ? forKubelet(kept) : forRuntime;
    return `Let both use ${kept}, as this node's kubelet does now: ${back}. For the other one the node needs to be set up anew: ${setUpAnew}.`;
  };
  return {
    code: 'CGROUP_DRIVERS_DIFFER',
    kind: 'operation',
    keepsDown: isContainerd ? 'pods' : 'kubelet',
    what: `the kubelet (${nameKubelet(node)}) makes cgroups by ${setting.value}, ${isContainerd ? 'containerd' : 'Docker'} by ${driver}`,
    ...placeOf(setting),
    why: [
      `kubelet: ${because(setting, names.field)}`,
      `${runtime.type}: ${runtime.driver.because}`,
      consequence(node, driver),
    ].join('\n'),
    fix: node.driverToKeep ? keep(node.driverToKeep) : choose(),
  };
}

/** Run in the lab with Kubernetes 1.20 and containerd 1.6, with cgroup v1; dockershim's words are those of its docker_service.go. */
function consequence({ runtime }: NodeConditions, driver: string): string {
  if (runtime.type === 'docker')
    return 'such a kubelet ends at once: misconfiguration: kubelet cgroup driver is different from docker cgroup driver';
  return driver === 'systemd'
    ? 'once containerd goes by that the Node stays Ready, but no pod starts: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups'
    : 'containers would run outside the cgroup of their pod: no limit of a pod holds, and neither does what is reserved for the system';
}
