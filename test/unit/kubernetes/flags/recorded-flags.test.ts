import { describe, expect, it } from 'vitest';
import {
  absenceOf,
  flagsOfVersion,
  recordedMinors,
  recordOf,
} from '../../../../src/kubernetes/flags/recorded-flags.ts';

const binaries = ['kubelet', 'kube-controller-manager', 'kube-proxy'] as const;
const { first, last } = recordedMinors;

describe.each(binaries)('the record of %s', (binary) => {
  const flags = recordOf(binary);

  it('spells names as they are looked up, in order', () => {
    for (const { name } of flags) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9.]+)*$/);
    const names = flags.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
  });

  it('has no flag that goes before it came, or is there twice', () => {
    for (const { name, since, gone } of flags) {
      expect(since, name).toBeGreaterThanOrEqual(first);
      expect(since, name).toBeLessThanOrEqual(last);
      if (gone === undefined) continue;
      expect(gone, name).toBeGreaterThan(since);
      expect(gone, name).toBeLessThanOrEqual(last);
    }
    for (const [index, { name, since }] of flags.entries()) {
      const earlier = flags[index - 1];
      if (earlier?.name === name) expect(earlier.gone, name).toBeLessThanOrEqual(since);
    }
  });

  it('has a period end only where something changes', () => {
    for (const [index, flag] of flags.entries()) {
      const earlier = flags[index - 1];
      if (earlier?.name !== flag.name || earlier.gone !== flag.since) continue;
      const { takesValue, isHidden } = flag;
      expect(earlier, flag.name).not.toMatchObject({ takesValue, isHidden });
    }
  });

  it('knows every minor release', () => {
    for (let minor = first; minor <= last; minor += 1) {
      const known = flagsOfVersion(binary, `1.${minor}.3`)?.map(({ name }) => name) ?? [];
      expect(known).toEqual(expect.arrayContaining(['v', 'kubeconfig', 'feature-gates', 'version']));
      expect(new Set(known).size).toBe(known.length);
    }
    expect(flagsOfVersion(binary, `1.${first - 1}.0`)).toBeUndefined();
    expect(flagsOfVersion(binary, `1.${last + 1}.0`)).toBeUndefined();
  });

  it('has klog write to files up to 1.25', () => {
    for (const flag of ['log-dir', 'log-file', 'logtostderr', 'alsologtostderr', 'one-output', 'skip-headers']) {
      expect(absenceOf(binary, flag, '1.25.16'), flag).toBeUndefined();
      expect(absenceOf(binary, flag, '1.26.0'), flag).toBe('went with 1.26');
    }
  });
});

it.each([
  ['kubelet', 'network-plugin', '1.23.17', undefined],
  ['kubelet', 'network-plugin', '1.24.0', 'went with 1.24'],
  ['kubelet', 'cni-bin-dir', '1.34.4', 'went with 1.24'],
  ['kubelet', 'docker-endpoint', '1.24.0', 'went with 1.24'],
  ['kubelet', 'image-pull-progress-deadline', '1.24.0', 'went with 1.24'],
  ['kubelet', 'container-runtime', '1.26.0', undefined],
  ['kubelet', 'container-runtime', '1.27.0', 'went with 1.27'],
  ['kubelet', 'pod-infra-container-image', '1.34.4', undefined],
  ['kubelet', 'pod-infra-container-image', '1.35.0', 'went with 1.35'],
  ['kubelet', 'config-dir', '1.20.2', 'came with 1.28'],
  ['kubelet', 'config-dir', '1.28.0', undefined],
  ['kube-controller-manager', 'port', '1.23.17', undefined],
  ['kube-controller-manager', 'port', '1.24.0', 'went with 1.24'],
  ['kube-controller-manager', 'address', '1.24.0', 'went with 1.24'],
  ['kube-controller-manager', 'cluster-cidr', '1.34.4', undefined],
  ['kube-proxy', 'cluster-cidr', '1.34.4', undefined],
  ['kubelet', 'kubeconfig', '1.10.0', undefined],
  ['kubelet', 'no-such-flag', '1.34.4', undefined],
  ['kubelet', 'network-plugin', '', undefined],
])('%s --%s in "%s": %s', (binary, flag, version, absence) => expect(absenceOf(binary, flag, version)).toBe(absence));
