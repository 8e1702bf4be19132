import { describe, expect, it } from 'vitest';
import { knownFlags } from '../../../../src/kubernetes/flags/known-flags.ts';
import { checkRuntime, type RuntimeType } from '../../../../src/kubernetes/kubelet/kubelet-runtime.ts';

const help = {
  '1.20': '  --container-runtime string  x\n  --container-runtime-endpoint string  x\n  --network-plugin string  x\n',
  '1.26': '  --container-runtime string  x\n  --container-runtime-endpoint string  x\n',
  '1.30': '  --container-runtime-endpoint string  x\n',
  unknown: '',
};

function verdict(version: keyof typeof help, flags: string, said: RuntimeType): string {
  const known = knownFlags(help[version], 'kubelet');
  const argv = ['/opt/k8s/bin/kubelet', ...flags.split(' ').filter(Boolean)];
  try {
    checkRuntime({ unit: 'kubelet.service', argv, ...(known && { known }) }, said);
    return 'fits';
  } catch (error) {
    return error instanceof Error && 'code' in error && 'fix' in error ? `${error.code} ${error.fix}` : String(error);
  }
}

const endpoint = '--container-runtime-endpoint=unix:///run/containerd/containerd.sock';

describe('what the inventory calls a kubelet', () => {
  it.each([
    ['1.20', '', 'docker'],
    ['1.20', '--container-runtime=docker', 'docker'],
    ['1.20', `--container-runtime=remote ${endpoint}`, 'containerd'],
    ['1.20', `--container-runtime remote ${endpoint}`, 'containerd'],
    ['1.26', `--container-runtime=remote ${endpoint}`, 'containerd'],
    ['1.30', endpoint, 'containerd'],
    ['1.30', '', 'containerd'],
    // it does not know the flag any more, so the flag says nothing of it
    ['1.30', `--container-runtime=docker ${endpoint}`, 'containerd'],
    ['unknown', '', 'containerd'],
    ['unknown', '', 'docker'],
  ] as const)('%s with "%s" fits %s', (version, flags, said) => {
    expect(verdict(version, flags, said)).toBe('fits');
  });

  it.each([
    ['1.20', '', 'containerd', /^RUNTIME_DIFFERS Write `runtime: \{ type: docker \}`/],
    // without --container-runtime=remote the endpoint is where dockershim listens
    ['1.20', endpoint, 'containerd', /^RUNTIME_DIFFERS Write `runtime: \{ type: docker \}`/],
    ['unknown', '--container-runtime=docker', 'containerd', /^RUNTIME_DIFFERS Write `runtime: \{ type: docker \}`/],
    [
      '1.20',
      `--container-runtime=remote ${endpoint}`,
      'docker',
      /^RUNTIME_DIFFERS Write `runtime: \{ type: containerd/,
    ],
    ['1.20', '--container-runtime=remote --container-runtime=docker', 'containerd', /^RUNTIME_DIFFERS/],
    ['1.26', '', 'docker', /^DOCKERSHIM_MISSING/],
    ['1.30', endpoint, 'docker', /^DOCKERSHIM_MISSING/],
  ] as const)('%s with "%s" is not %s', (version, flags, said, error) => {
    expect(verdict(version, flags, said)).toMatch(error);
  });
});
