import { expect, it } from 'vitest';
import { listAssignments, parseSystemctlCat, parseUnitFile } from '../../../../src/kubernetes/units/unit-file.ts';
import { unit } from './unit-texts.ts';

it('separates the fragment from its drop-ins', () => {
  const files = parseSystemctlCat(unit('kubeadm').text);
  expect(files.map((file) => file.path)).toEqual([
    '/lib/systemd/system/kubelet.service',
    '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf',
  ]);
});

it('does not take a comment of the operator for a file', () => {
  const files = parseSystemctlCat('# /etc/systemd/system/a.service\n[Service]\n# /opt/k8s/bin/kubelet\nExecStart=/a\n');
  expect(files).toHaveLength(1);
});

it('joins continuations over comments, up to a blank line (seen on systemd 252)', () => {
  const file = parseUnitFile('/u', '[Service]\nExecStart=/a \\\n# why\n  ; or\n  b \\\n c \\\n\nRestart=no\n');
  expect(file.directives).toEqual([
    { section: 'Service', key: 'ExecStart', value: '/a    b   c', line: 2 },
    { section: 'Service', key: 'Restart', value: 'no', line: 8 },
  ]);
});

it('does not continue a line that ends in an escaped backslash', () => {
  expect(parseUnitFile('/u', '[Service]\nA=x\\\\\nB=y').directives.map((line) => line.key)).toEqual(['A', 'B']);
});

it('forgets what came before an empty assignment', () => {
  const starts = listAssignments(parseSystemctlCat(unit('kubeadm').text), 'Service', 'ExecStart');
  expect(starts).toHaveLength(1);
  expect(starts[0]?.file).toBe('/etc/systemd/system/kubelet.service.d/10-kubeadm.conf');
});
