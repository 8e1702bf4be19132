import { compare, type Said, whatSays } from './kubelet-comparison.ts';
import type { KubeletSources } from './kubelet-settings.ts';

/** What of a kubelet keeps its decisions in a file that it checks when it starts. */
export const managers = ['cpu', 'memory'] as const;
export type Manager = (typeof managers)[number];

export const stateFile = (manager: Manager): string => `${manager}_manager_state`;

/** A change after which the kubelet may not start with the file of before. */
export interface PolicyChange {
  readonly manager: Manager;
  /** Another policy; else it is the same one, with other settings. */
  readonly isPolicy: boolean;
  readonly before: string;
  readonly after: string;
}

const policyOf = { cpu: 'cpuPolicy', memory: 'memoryPolicy' } as const;

export const policyAfter = (manager: Manager, after: KubeletSources): Said | undefined =>
  whatSays(after, policyOf[manager]);

/**
 * What invalidates the file of each manager: another policy (restoreState of state_checkpoint.go: "configured policy …
 * differs from state checkpoint policy"), and with the policy static what its validateState compares the file with
 * (policy_static.go of 1.20 to 1.34): the reserved CPUs, as options may demand them; the reserved memory.
 */
export function policyChanges(before: KubeletSources, after: KubeletSources): readonly PolicyChange[] {
  return managers.flatMap((manager): PolicyChange[] => {
    const policy = compare(before, after, policyOf[manager]);
    if (policy !== undefined)
      return [{ manager, isPolicy: true, before: policy.before.shown, after: policy.after.shown }];
    if (whatSays(after, policyOf[manager])?.value.toLowerCase() !== 'static') return [];
    return manager === 'cpu' ? cpuChanges(before, after) : memoryChanges(before, after);
  });
}

function cpuChanges(before: KubeletSources, after: KubeletSources): PolicyChange[] {
  const options = compare(before, after, 'cpuOptions');
  if (options) return [{ manager: 'cpu', isPolicy: false, before: options.before.shown, after: options.after.shown }];
  const [was, is] = [reservedCpus(before), reservedCpus(after)];
  return was === is ? [] : [{ manager: 'cpu', isPolicy: false, before: `${was} reserved`, after: `${is} reserved` }];
}

function memoryChanges(before: KubeletSources, after: KubeletSources): PolicyChange[] {
  const reserved = compare(before, after, 'reservedMemory');
  return reserved
    ? [{ manager: 'memory', isPolicy: false, before: reserved.before.shown, after: reserved.after.shown }]
    : [];
}

/** Those it is told, or as many whole ones as are reserved. */
function reservedCpus(sources: KubeletSources): string {
  const named = whatSays(sources, 'reservedCpus')?.value;
  if (named) return `the CPUs ${named}`;
  const milli = milliCpus(whatSays(sources, 'kubeReserved')) + milliCpus(whatSays(sources, 'systemReserved'));
  return `${Math.ceil(milli / 1000)} CPUs`;
}

function milliCpus(reserved: Said | undefined): number {
  const [, amount = '0', unit] = /(?:^|,)cpu=([\d.]+)(m?)/.exec(reserved?.value ?? '') ?? [];
  return Number(amount) * (unit === 'm' ? 1 : 1000);
}
