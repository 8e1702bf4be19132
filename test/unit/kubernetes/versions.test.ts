import { expect, it } from 'vitest';
import { atLeast, parseVersion, removedFlag } from '../../../src/kubernetes/versions.ts';

it.each([
  ['Kubernetes v1.20.2', '1.20.2'],
  ['Kubernetes v1.28.3+k3s1\n', '1.28.3'],
  ['v1.31.0-rc.1', '1.31.0-rc.1'],
  ['containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+b1', '1.6.20'],
  ['nothing', undefined],
])('%s', (text, version) => expect(parseVersion(text)).toBe(version));

it('compares', () => {
  expect(atLeast('1.24.0-alpha.1', '1.24')).toBe(true);
  expect(atLeast('1.9.9', '1.24')).toBe(false);
  expect(atLeast('', '1.24')).toBe(false);
});

it('knows what became of a flag', () => {
  expect(removedFlag('kubelet', 'network-plugin', '1.20.2')).toBeUndefined();
  expect(removedFlag('kubelet', 'network-plugin', '1.24.0')?.removedIn).toBe('1.24');
  expect(removedFlag('kubelet', 'v', '1.24.0')).toBeUndefined();
});
