import { effectiveFlag } from '../../kubernetes/flags/flags.ts';
import {
  type CgroupDriver,
  type RuntimeDriver,
  readContainerdDriver,
  readDockerDriver,
} from '../../kubernetes/kubelet/cgroup-driver.ts';
import { driverInUse } from '../../kubernetes/kubelet/driver-in-effect.ts';
import { readsDropIns } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import { type KubeletSettings, readKubeletSettings } from '../../kubernetes/kubelet/kubelet-settings.ts';
import type { NodeConditions } from '../../kubernetes/kubelet/node-prerequisites.ts';
import { containerdConfig } from '../runtime/containerd-config.ts';
import { commandLineNow, type UnitState } from '../units/unit-flags-state.ts';
import type { NodeWish } from './kubelet-can-start-schema.ts';
import { kubeletConfig } from './kubelet-config.ts';
import { argvAfter, sourcesAfter, sourcesOf } from './kubelet-sources.ts';
import type { SeenConditions } from './node-conditions-script.ts';

export interface SeenNode {
  readonly kubelet: ReturnType<typeof kubeletConfig.parse>;
  readonly containerd: ReturnType<typeof containerdConfig.parse> | undefined;
  readonly docker: { readonly command: string; readonly json: string; readonly path: string } | undefined;
  readonly host: SeenConditions;
}

export const kubeletWish = ({ unit, flags, config, drop_unknown_flags }: NodeWish) =>
  kubeletConfig.schema.parse({ unit, flags, config, drop_unknown_flags });

type RuntimeWish = Pick<NodeWish, 'runtime_config' | 'runtime_unit'>;
export const containerdWish = ({ runtime_config, runtime_unit }: RuntimeWish) =>
  containerdConfig.schema.parse({ path: runtime_config, unit: runtime_unit });

/** What the run makes of the kubelet's files before it is started. */
export const fieldChanges = ({ kubelet }: SeenNode, desired: NodeWish) =>
  kubeletConfig.diff(kubelet, kubeletWish(desired), { files: new Map() });

const argvOf = ({ kubelet }: SeenNode, desired: NodeWish, isAfter: boolean): readonly string[] =>
  isAfter ? argvAfter(kubelet, kubeletWish(desired)) : commandLineNow(kubelet.unit);

/** Whether fields of the inventory have a place to go to. */
const takesFields = ({ unit, version }: UnitState, argv: readonly string[]): boolean =>
  Boolean(effectiveFlag(argv, 'config')) || readsDropIns({ known: unit?.binary?.known, version }) === true;

const settingsOf = ({ kubelet }: SeenNode, desired: NodeWish, isAfter: boolean): KubeletSettings =>
  readKubeletSettings(
    isAfter
      ? sourcesAfter(kubelet, kubeletWish(desired))
      : sourcesOf(kubelet, kubeletWish(desired), commandLineNow(kubelet.unit)),
  );

function driverOf({ containerd, docker, host }: SeenNode, desired: NodeWish): RuntimeDriver | undefined {
  if (docker !== undefined) return readDockerDriver(docker, host.cgroup);
  return containerdDriver(containerd, desired);
}

/** As containerd's file says, whether it was restarted with that or not. */
export function containerdDriver(seen: SeenNode['containerd'], wish: RuntimeWish): RuntimeDriver | undefined {
  if (seen === undefined) return undefined;
  const texts = { text: seen.file.content ?? undefined, dump: seen.dump };
  return readContainerdDriver(texts, wish.runtime_config, wish.runtime_unit);
}

/** That of the pods' cgroups, else of the kubelet's files as they are. */
function driverToKeep(actual: SeenNode, desired: NodeWish): CgroupDriver | undefined {
  const { kubelet, host } = actual;
  if (!desired.is_ready && !host.isPodThere) return undefined;
  const sources = sourcesOf(kubelet, kubeletWish(desired), commandLineNow(kubelet.unit));
  const seen = driverInUse(host.podsCgroups, sources, host.isKubeletRunning)?.driver;
  const said = seen ?? settingsOf(actual, desired, false).cgroupDriver?.value;
  return said === 'systemd' || said === 'cgroupfs' ? said : undefined;
}

/** With the values that a run leaves, or with those of now. */
export const conditionsOf = (actual: SeenNode, desired: NodeWish, isAfter: boolean): NodeConditions => ({
  cgroup: actual.host.cgroup,
  swaps: actual.host.swaps,
  runtime: { type: desired.runtime, version: actual.containerd?.version, driver: driverOf(actual, desired) },
  driverToKeep: driverToKeep(actual, desired),
  kubelet: {
    unit: desired.unit,
    version: actual.kubelet.unit.version,
    settings: settingsOf(actual, desired, isAfter),
    takesFields: takesFields(actual.kubelet.unit, argvOf(actual, desired, isAfter)),
  },
});
