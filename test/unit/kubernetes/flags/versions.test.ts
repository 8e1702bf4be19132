import { expect, it } from 'vitest';
import { atLeast, minorOf, parseVersion } from '../../../../src/kubernetes/flags/versions.ts';

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

it.each([
  ['1.20.2', 20],
  ['1.26.0-alpha.1', 26],
  ['1.30', 30],
  ['2.1.0', undefined],
  ['', undefined],
])('the minor release of %s', (version, minor) => expect(minorOf(version)).toBe(minor));
