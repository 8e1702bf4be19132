import { ProvisionError } from '../../errors.ts';
import { effectiveFlag } from '../flags/flags.ts';
import { fieldAt } from '../kubelet/config-fields.ts';
import { readYaml } from '../kubelet/yaml-text.ts';

/** The range by which a kube-proxy tells pods from others. */
export interface ProxyRange {
  /** Empty where it knows none. */
  readonly range: string;
  /** Flag or field, for a person. */
  readonly setting: string;
  /** False where it tells pods by something else than their range. */
  readonly counts: boolean;
}

/** With a file of `--config` the flags for the same things are ignored. Undefined where the file cannot be read. */
export function readProxyRange(
  argv: readonly string[],
  config?: { path: string; text: string },
): ProxyRange | undefined {
  if (config === undefined) {
    const mode = effectiveFlag(argv, 'detect-local-mode');
    return { range: effectiveFlag(argv, 'cluster-cidr') ?? '', setting: '--cluster-cidr', counts: isByRange(mode) };
  }
  if ('why' in readYaml(config.text)) return undefined;
  const field = (name: string): string => String(fieldAt(config.text, [name])?.value ?? '');
  return {
    range: field('clusterCIDR'),
    setting: `clusterCIDR in ${config.path}`,
    counts: isByRange(field('detectLocalMode')),
  };
}

const isByRange = (mode = ''): boolean => mode === '' || mode === 'ClusterCIDR';

/** One range, or one for each family. */
export const agrees = ({ range }: ProxyRange, clusterCidr: string): boolean =>
  range
    .split(',')
    .map((one) => one.trim())
    .includes(clusterCidr);

/** Throws RANGES_DISAGREE for a kube-proxy that goes by another range. */
export function refuseOtherRange(unit: string, proxy: ProxyRange, clusterCidr: string): void {
  if (!proxy.counts || proxy.range === '' || agrees(proxy, clusterCidr)) return;
  throw new ProvisionError({
    code: 'RANGES_DISAGREE',
    kind: 'cluster',
    what: `${unit} goes by ${proxy.range} (${proxy.setting}), the cluster's pod range is ${clusterCidr}`,
    why: 'Packets from pods to Services would be masqueraded as if they came from outside',
    fix: `Set kube_proxy.manage: true in the inventory to have it corrected, or set it to ${clusterCidr} and restart ${unit} yourself`,
  });
}
