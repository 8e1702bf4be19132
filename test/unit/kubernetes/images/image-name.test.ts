import { expect, test } from 'vitest';
import { atRegistry, fullImageName } from '../../../../src/kubernetes/images/image-name.ts';

test.each([
  ['busybox:1.36', 'docker.io/library/busybox:1.36'],
  ['flannel/flannel:v0.24.0', 'docker.io/flannel/flannel:v0.24.0'],
  ['docker.io/library/busybox:1.36', 'docker.io/library/busybox:1.36'],
  ['ghcr.io/flannel-io/flannel:v0.28.7', 'ghcr.io/flannel-io/flannel:v0.28.7'],
  ['localhost/own:1', 'localhost/own:1'],
  ['registry:5000/own:1', 'registry:5000/own:1'],
])('%s in full', (name, full) => {
  expect(fullImageName(name)).toBe(full);
});

test.each([
  ['ghcr.io/flannel-io/flannel:v0.28.7', 'local:5000', 'local:5000/flannel-io/flannel:v0.28.7'],
  ['busybox:1.36', 'local:5000', 'local:5000/library/busybox:1.36'],
  ['local:5000/flannel:1', 'local:5000', 'local:5000/flannel:1'],
  ['ghcr.io/flannel-io/flannel:v0.28.7', undefined, 'ghcr.io/flannel-io/flannel:v0.28.7'],
])('%s at %s', (name, registry, remapped) => {
  expect(atRegistry(name, registry)).toBe(remapped);
});
