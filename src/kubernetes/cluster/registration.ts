import { effectiveValues } from '../flags/flags.ts';
import { findSetting, type KubeletSources } from '../kubelet/kubelet-settings.ts';
import type { NodeState, Taint } from './cluster.ts';

/** What a kubelet gives a Node when it registers it. */
export interface Registration {
  readonly labels: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
}

/** A taint is known by these: a Node has it once. */
export const taintKey = ({ key, effect }: Pick<Taint, 'key' | 'effect'>): string => `${key}:${effect}`;

/** By --node-labels, and --register-with-taints or registerWithTaints. */
export function registrationOf(sources: KubeletSources): Registration {
  const said = findSetting(sources, { flag: 'register-with-taints', field: 'registerWithTaints', usual: '' });
  const inField = said?.from === 'field' && Array.isArray(said.value) ? (said.value as Partial<Taint>[]) : [];
  return {
    labels: new Map(
      listOf(sources, 'node-labels').map((pair): [string, string] => {
        const [key = '', ...value] = pair.split('=');
        return [key, value.join('=')];
      }),
    ),
    taints: [
      ...listOf(sources, 'register-with-taints').map(readTaint),
      ...inField.map(({ key = '', value = '', effect = '' }) => ({ key, value, effect })),
    ],
  };
}

const listOf = ({ argv }: KubeletSources, flag: string): string[] =>
  effectiveValues(argv, flag)
    .flatMap((list) => list.split(','))
    .map((one) => one.trim())
    .filter(Boolean);

/** `key=value:effect`, or `key:effect`. */
function readTaint(text: string): Taint {
  const [, key = '', value = '', effect = ''] = /^([^=:]*)=?([^:]*):?(.*)$/.exec(text) ?? [];
  return { key, value, effect };
}

/** Labels that a kubelet itself corrects on a registered Node when it starts (updateDefaultLabels of kubelet_node_status.go, 1.20 to 1.34). */
const kept = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'node.kubernetes.io/windows-build',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

/** What a registered Node lacks of what it would have if it were registered now, and what it has of before. */
export interface Gap {
  /** Null for one that goes. */
  readonly labels: ReadonlyMap<string, string | null>;
  readonly taints: readonly Taint[];
  readonly goneTaints: readonly Taint[];
}

/**
 * `isChange` leaves out what the kubelet said before already: then somebody took it off on purpose. Taints are always so
 * treated, as many are there for a Node's first minutes only.
 */
export function gapOf(node: NodeState, before: Registration, after: Registration, isChange: boolean): Gap {
  const labels = new Map<string, string | null>();
  for (const [key, value] of after.labels)
    if (!kept.has(key) && node.labels[key] !== value && !(isChange && before.labels.get(key) === value))
      labels.set(key, value);
  for (const [key, value] of before.labels)
    if (!after.labels.has(key) && node.labels[key] === value) labels.set(key, null);
  const has = (taints: readonly Taint[], one: Taint): boolean =>
    taints.some((other) => taintKey(other) === taintKey(one) && (other.value ?? '') === (one.value ?? ''));
  const isNamed = (one: Taint): boolean => after.taints.some((other) => taintKey(other) === taintKey(one));
  return {
    labels,
    taints: after.taints.filter((one) => !has(before.taints, one) && !has(node.taints, one)),
    goneTaints: before.taints.filter((one) => !isNamed(one) && has(node.taints, one)),
  };
}
