import { Unknown } from '../../config/expression.ts';
import type { Settings } from '../../config/settings.ts';
import type { Host } from '../../engine/host.ts';
import { afterInstallation } from '../../engine/stage.ts';
import type { SoftwareScope } from './software-variables.ts';

export type SoftwareUnits = SoftwareScope['units'];

type Programs = Pick<SoftwareScope, 'node' | 'kube_proxy' | 'containerd'>;

/** Names of units, also before they are there. */
export const unitsOf = ({ kubelet, kube_proxy, runtime }: Settings): SoftwareUnits => ({
  kubelet: kubelet.unit,
  kube_proxy: kube_proxy.unit,
  runtime: runtime.unit ?? '',
});

/** Which programs of a node provision installs: those it did install, and those of which an artifact is there and no unit. */
export function installedPrograms(
  { facts }: Pick<Host, 'facts'>,
  { artifacts }: Settings,
  units: SoftwareUnits,
): Programs {
  const isWanted = (program: string, unit: keyof SoftwareUnits, artifact: unknown): boolean =>
    artifact !== undefined && (facts.software.has(program) || isMissing({ facts }, units[unit]));
  const node = isWanted('kubelet', 'kubelet', artifacts.kubelet);
  return {
    node,
    kube_proxy: node && isWanted('kube-proxy', 'kube_proxy', artifacts.kube_proxy),
    containerd: node && isWanted('containerd', 'runtime', artifacts.containerd),
  };
}

export const isMissing = ({ facts }: Pick<Host, 'facts'>, unit: string): boolean =>
  facts.units.get(unit)?.isMissing === true;

const later = new Unknown(afterInstallation);

/** Sections of the scope whose unit provision brings and is not there yet: what goes by it is known later. */
export function withoutUnits(
  scope: Settings,
  host: Pick<Host, 'facts'>,
  { units, node, kube_proxy }: Pick<SoftwareScope, 'units' | 'node' | 'kube_proxy'>,
): Record<string, unknown> {
  const isOurs = { kubelet: node, kube_proxy, runtime: node };
  const names = Object.keys(isOurs) as (keyof SoftwareUnits)[];
  return Object.fromEntries(
    names
      .filter((name) => isOurs[name] && isMissing(host, units[name]))
      .map((name) => [name, { ...scope[name], unit: later }]),
  );
}
