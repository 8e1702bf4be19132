import { describe, expect, test } from 'vitest';
import { readKubeletSettings } from '../../../../src/kubernetes/kubelet/kubelet-settings.ts';

const read = (flags: string, files: readonly string[] | undefined, version: string | undefined = '1.20.2') =>
  readKubeletSettings({
    argv: ['kubelet', ...flags.split(' ')],
    version,
    files: files?.map((text, index) => ({ path: `/etc/${index}.yaml`, text })),
    placeOfFlag: (name) => `the place of ${name}`,
  });

describe('what a kubelet goes by', () => {
  test.each<[string, string, readonly string[] | undefined, unknown]>([
    ['its default', '', [], { value: true, from: 'default', written: '', file: '' }],
    [
      'a field',
      '',
      ['failSwapOn: false'],
      { value: false, from: 'field', written: 'failSwapOn: false', file: '/etc/0.yaml' },
    ],
    ['the later file', '', ['failSwapOn: false', 'failSwapOn: true'], { value: true, file: '/etc/1.yaml' }],
    [
      'the earlier one, where the later says nothing',
      '',
      ['failSwapOn: false', 'maxPods: 1'],
      { value: false, file: '/etc/0.yaml' },
    ],
    [
      'a flag before any file',
      '--fail-swap-on=false',
      ['failSwapOn: true'],
      { value: false, from: 'flag', file: 'the place of fail-swap-on' },
    ],
    [
      'a switch',
      '--fail-swap-on',
      ['failSwapOn: false'],
      { value: true, from: 'flag', written: '--fail-swap-on=true' },
    ],
    ['a number for a switch', '--fail-swap-on=0', [], { value: false }],
    ['a flag, where a file was not seen', '--fail-swap-on=false', undefined, { value: false }],
    ['a flag, where a file was not understood', '--fail-swap-on=false', ['failSwapOn: ['], { value: false }],
    ['a file that is read after one that was not', '', ['failSwapOn: [', 'failSwapOn: false'], { value: false }],
  ])('%s', (_, flags, files, setting) => {
    expect(read(flags, files).failSwapOn).toMatchObject(setting as object);
  });

  test('nothing is said of a field where a file was not seen', () => {
    const settings = read('--cgroup-driver=systemd', undefined);
    expect(settings.failSwapOn).toBeUndefined();
    expect(settings.failCgroupV1).toBeUndefined();
    expect(settings.cgroupDriver?.value).toBe('systemd');
  });

  test.each([['failSwapOn: ['], [''], ['failSwapOn: false\n---\n']])(
    'nothing is said of a field where a file is %j',
    (text) => {
      expect(read('', ['failSwapOn: true', text]).failSwapOn).toBeUndefined();
    },
  );

  test('an empty text is the default', () => {
    expect(read('', ['cgroupDriver: ""']).cgroupDriver).toMatchObject({ value: 'cgroupfs', from: 'default' });
  });

  test('the endpoint of the runtime', () => {
    expect(read('', []).runtimeEndpoint).toBeUndefined();
    expect(read('', ['containerRuntimeEndpoint: unix:///x']).runtimeEndpoint).toBe('unix:///x');
    expect(read('--container-runtime-endpoint unix:///y', []).runtimeEndpoint).toBe('unix:///y');
  });

  test.each([
    ['1.30.14', false],
    ['1.34.4', false],
    ['1.35.0', true],
    ['1.36.1', true],
  ])('%s refuses cgroup v1 by default: %s', (version, expected) => {
    expect(read('', [], version).failCgroupV1?.value).toBe(expected);
  });

  const gate = 'KubeletCgroupDriverFromCRI';
  test.each<[string, string, string, string, boolean]>([
    ['nothing', '1.27.16', '', '', false],
    ['nothing', '1.28.0', '', '', false],
    ['a flag', '1.28.0', `--feature-gates=A=true,${gate}=true`, '', true],
    ['a field', '1.30.0', '', `featureGates: { ${gate}: true }`, true],
    ['nothing', '1.31.0', '', '', true],
    ['a flag', '1.33.2', `--feature-gates=${gate}=false`, `featureGates: { ${gate}: true }`, false],
    ['a field', '1.31.0', '', `featureGates: { ${gate}: false }`, false],
    ['a field of no use', '1.34.4', '', `featureGates: { ${gate}: false }`, true],
    ['too early a flag', '1.27.0', `--feature-gates=${gate}=true`, '', false],
  ])('%s says whether %s asks its runtime for the driver (%s %s)', (_, version, flags, text, expected) => {
    expect(read(flags, [text], version).asksRuntimeForDriver).toBe(expected);
  });
});
