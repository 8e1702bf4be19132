import { atLeast } from '../flags/versions.ts';
import type { CgroupDriver, RuntimeDriver } from './cgroup-driver.ts';
import { type Difference, type Said, whatSays } from './kubelet-comparison.ts';
import { findSetting, type KubeletSettings, type KubeletSources, readKubeletSettings } from './kubelet-settings.ts';

export interface NodeRuntime {
  readonly type: 'containerd' | 'docker';
  readonly version: string | undefined;
  /** As its files say, also where it was not restarted with them; undefined where it cannot be told. */
  readonly driver: RuntimeDriver | undefined;
}

/** The cgroup that a kubelet makes for all its pods when it starts, which each driver names in its own way. */
export interface PodsCgroup {
  readonly driver: CgroupDriver;
  readonly name: string;
  /** Whether processes are in there. */
  readonly isBusy: boolean;
}

/** Whether a kubelet has its driver from its runtime instead of its own setting; undefined where it cannot be told. */
export function isToldDriver(
  { asksRuntimeForDriver, runtimeEndpoint }: KubeletSettings,
  version: string | undefined,
  runtime: NodeRuntime,
): boolean | undefined {
  // a kubelet of unknown version may ask
  if (runtime.type === 'docker' || !(asksRuntimeForDriver || version === undefined)) return false;
  if (isAnother(runtimeEndpoint) || runtime.version === undefined) return undefined;
  // the first one that answers
  if (!atLeast(runtime.version, '2.0')) return false;
  return version === undefined ? undefined : true;
}

/** Whether it is another runtime than the containerd that was looked at. */
export const isAnother = (endpoint: string | undefined): boolean =>
  endpoint !== undefined && !endpoint.includes('containerd');

/**
 * The driver that this node's pods are under. A kubelet that had another driver before leaves its cgroup behind, empty;
 * undefined where that leaves it open.
 */
export function driverInUse(
  cgroups: readonly PodsCgroup[],
  kubelet: KubeletSources,
  isRunning: boolean,
): PodsCgroup | undefined {
  const root = findSetting(kubelet, { flag: 'cgroup-root', field: 'cgroupRoot', usual: '/' })?.value;
  if (root !== '/' && root !== '') return undefined;
  const busy = cgroups.filter(({ isBusy }) => isBusy);
  const [only, ...others] = busy.length === 0 && isRunning ? cgroups : busy;
  return others.length === 0 ? only : undefined;
}

export interface DriverChange extends Difference {
  /** How the runtime gives the kubelet the driver of before, where the runtime decides it. */
  readonly takeBack: string | undefined;
}

/** From the driver that is in use to the one that a restart of runtime and kubelet brings; undefined where they are the same, or not known. */
export function driverChange(
  before: KubeletSources,
  after: KubeletSources,
  runtime: NodeRuntime,
  inUse: PodsCgroup | undefined,
): DriverChange | undefined {
  const [said, is] = [driverOf(before, runtime), driverOf(after, runtime)];
  const was = inUse === undefined || inUse.driver === said?.value ? said : seenIn(inUse);
  if (was === undefined || is === undefined || was.value === is.value) return undefined;
  const takeBack = is.isTold ? runtime.driver?.change(was.value === 'systemd' ? 'systemd' : 'cgroupfs') : undefined;
  return { before: was, after: is, takeBack };
}

const seenIn = ({ driver, name }: PodsCgroup): Said => ({
  value: driver,
  shown: `${driver} (the cgroup of its pods is ${name})`,
});

function driverOf(kubelet: KubeletSources, runtime: NodeRuntime): (Said & { readonly isTold: boolean }) | undefined {
  const isTold = isToldDriver(readKubeletSettings(kubelet), kubelet.version, runtime);
  if (isTold === undefined) return undefined;
  if (!isTold) {
    const said = whatSays(kubelet, 'cgroupDriver');
    return said && { ...said, isTold };
  }
  const { driver } = runtime;
  return driver && { value: driver.driver, shown: `${driver.driver}, by containerd (${driver.because})`, isTold };
}
