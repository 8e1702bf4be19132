import { expect, it } from 'vitest';
import { knownFlags } from '../../../../src/kubernetes/flags/known-flags.ts';

const help = '      --kubeconfig string   x\n';

it('counts flags that --help hides as known, in the releases that have them', () => {
  expect(knownFlags(help, 'kube-controller-manager', '1.23.17')?.get('port')).toEqual({ takesValue: true });
  expect(knownFlags(help, 'kube-controller-manager', '1.24.0')?.has('port')).toBe(false);
});

it('believes --help where a release is recorded to list a flag that it does not', () =>
  expect(knownFlags(help, 'kubelet', '1.20.2')?.has('network-plugin')).toBe(false));

it('does not take a word of the text for the value of a switch', () => {
  const text = '      --seccomp-default RuntimeDefault   Enable the use of it\n';
  expect(knownFlags(text, 'kubelet', '1.34.4')?.get('seccomp-default')).toEqual({ takesValue: false });
  expect(knownFlags(text, 'kubelet', '1.99.0')?.get('seccomp-default')).toEqual({ takesValue: false });
});

it.each([
  ['1.23.17', true],
  ['1.24.0', false],
])('goes by the record of %s where --help says nothing', (version, isKnown) => {
  const known = knownFlags('', 'kubelet', version);
  expect(known?.has('network-plugin')).toBe(isKnown);
  expect(known?.get('contention-profiling')).toEqual({ takesValue: false });
  expect(known?.has('help')).toBe(true);
});

it.each([
  ['an earlier release than recorded', 'kubelet', '1.15.12'],
  ['another binary', 'etcd', '3.4.23'],
  ['no version', 'kubelet', undefined],
])('knows nothing of %s without --help', (_what, binary, version) => {
  expect(knownFlags('', binary, version)).toBeUndefined();
  expect(knownFlags(help, binary, version)?.size).toBe(4);
});

it('takes what the last recorded release hides for known to a later one, and nothing else', () => {
  const hidden = (version: string) => [...(knownFlags(help, 'kubelet', version)?.keys() ?? [])].sort();
  expect(hidden('1.99.0')).toEqual(hidden('1.36.0'));
  expect(knownFlags('', 'kubelet', '1.99.0')).toBeUndefined();
});
