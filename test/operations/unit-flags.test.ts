import { describe, expect, test } from 'vitest';
import { flagsOfVersion } from '../../src/kubernetes/flags/recorded-flags.ts';
import { unitFlags } from '../../src/operations/units/unit-flags.ts';
import { base64, changesOf } from './case.ts';

const help = '  --container-runtime string  x\n  --v int  x\n  --hostname-override string  x\n';
const network = '  --network-plugin string  x\n  --cni-bin-dir string  x\n  --cni-conf-dir string  x\n';

/** What the probe prints of a unit in the style of the story: all flags in a variable of an EnvironmentFile. */
const seen = (flags: string, knows: string): string =>
  [
    'absent - - - - - - -',
    'load loaded',
    'hostname node1',
    `unit ${base64('# /etc/systemd/system/kubelet.service\n[Service]\nEnvironmentFile=/opt/k8s/conf/kubelet.env\nExecStart=/opt/k8s/bin/kubelet $KUBELET_OPTS\n')}`,
    `environment ${base64('/opt/k8s/conf/kubelet.env')} ${base64(`KUBELET_OPTS="${flags}"\n`)}`,
    `help kubelet ${base64(knows)}`,
    '',
  ].join('\n');

const docker = {
  unit: 'kubelet.service',
  runtime: 'docker',
  flags: { 'network-plugin': 'cni', 'cni-bin-dir': '/opt/cni/bin', 'cni-conf-dir': '/etc/cni/net.d' },
};
const containerd = { unit: 'kubelet.service', runtime: 'containerd' };
const set = ['kubelet.service: set flags by /etc/systemd/system/kubelet.service.d/90-provision.conf'];

test.each<[string, object, string, string, readonly string[]]>([
  ['network flags on a kubelet with dockershim', docker, '--v=2', help + network, set],
  [
    'those it has already',
    docker,
    '--network-plugin=cni --cni-bin-dir=/opt/cni/bin --cni-conf-dir=/etc/cni/net.d',
    help + network,
    [],
  ],
  [
    'more flags beside them',
    { ...docker, more_flags: { v: 4 } },
    '--v=2',
    help + network,
    [`${set[0]}; $KUBELET_OPTS is written out`],
  ],
  [
    'a contradiction in the inventory',
    { ...docker, more_flags: { 'network-plugin': 'kubenet' } },
    '',
    help + network,
    ['FLAG_CONFLICT'],
  ],
  ['no dockershim in it', docker, '--v=2', help, ['DOCKERSHIM_MISSING']],
  ['said to be docker, but remote', docker, '--container-runtime=remote', help + network, ['RUNTIME_DIFFERS']],
  ['said to be containerd, but dockershim', containerd, '--v=2', help + network, ['RUNTIME_DIFFERS']],
  [
    'made remote by the inventory',
    { ...containerd, more_flags: { 'container-runtime': 'remote' } },
    '--v=2',
    help + network,
    set,
  ],
  ['containerd since 1.24', containerd, '--v=2', help, []],
  ['another unit, of no runtime', { unit: 'kubelet.service' }, '--v=2', help + network, []],
])('%s', (_what, wish, flags, knows, expected) => {
  expect(changesOf(unitFlags, wish, seen(flags, knows))).toEqual(expected);
});

test('the flags are added behind those of the operator, which keep their spelling', () => {
  const desired = unitFlags.schema.parse(docker);
  const [change] = unitFlags.diff(unitFlags.parse(seen('--v=2', help + network), desired), desired, {
    files: new Map(),
  });
  expect(change?.after).toBe(
    '/opt/k8s/bin/kubelet\n--v=2\n--network-plugin=cni\n--cni-bin-dir=/opt/cni/bin\n--cni-conf-dir=/etc/cni/net.d\n',
  );
});

const folder = '  --config-dir string  x\n';
const fields = { unit: 'kubelet.service', config: { maxPods: 200 } };
test.each<[string, object, string, string, string, string]>([
  ['a folder for fields', fields, '', help + folder, 'v1.34.4', '--config-dir=/etc/provision/kubelet.conf.d\n'],
  ["the operator's folder", fields, '--config-dir=/etc/k.d', help + folder, 'v1.34.4', ''],
  ['no fields', { unit: 'kubelet.service' }, '', help + folder, 'v1.34.4', ''],
  ['a kubelet that loses fields on the way', fields, '', help + folder, 'v1.31.4', ''],
  ['a kubelet without drop-ins', fields, '', help, 'v1.20.2', ''],
])('%s', (_, wish, flags, knows, version, added) => {
  const desired = unitFlags.schema.parse(wish);
  const actual = unitFlags.parse(`${seen(flags, knows)}version Kubernetes ${version}\n`, desired);
  const [change] = unitFlags.diff(actual, desired, { files: new Map() });
  expect(change?.after ?? '').toBe(added && `/opt/k8s/bin/kubelet\n${added}`);
});

/** What `--help` of that version lists. */
const helpOf = (binary: string, version: string): string =>
  (flagsOfVersion(binary, version) ?? [])
    .filter(({ isHidden }) => !isHidden)
    .map(({ name, takesValue }) => `      --${name}${takesValue ? ' string' : ''}\n`)
    .join('');

describe('a unit of 1.20 found under a later binary', () => {
  const dropIn = (unit: string): string => `/etc/systemd/system/${unit}.d/90-provision.conf`;

  const found = (binary: string, version: string, flags: string, ours = '', help = helpOf(binary, version)): string => {
    const unit = `${binary}.service`;
    const start = (words: string): string => `[Service]\nExecStart=${words}/opt/k8s/bin/${binary} `;
    const own = ours === '' ? '' : `\n# ${dropIn(unit)}\n${start('\nExecStart=')}${ours}\n`;
    return [
      ours === '' ? 'absent - - - - - - -' : 'file 0644 root root 0 - - -',
      'load loaded',
      'hostname node1',
      `unit ${base64(`# /etc/systemd/system/${unit}\n${start('')}${flags}\n${own}`)}`,
      `help ${binary} ${base64(help)}`,
      `version Kubernetes v${version}`,
      '',
    ].join('\n');
  };
  const dropping = (unit: string, ...dropped: readonly string[]): readonly string[] => [
    `${unit}: set flags by ${dropIn(unit)}; left out, as the binary does not know them: ${dropped.map((name) => `--${name}`).join(', ')}`,
  ];
  const kubelet = { unit: 'kubelet.service', runtime: 'containerd' };
  const controllerManager = { unit: 'kube-controller-manager.service', more_flags: { 'cluster-cidr': '10.5.0.0/16' } };
  const proxy = { unit: 'kube-proxy.service' };
  const klog = '--logtostderr=false --log-dir=/opt/k8s/logs --log-file-max-size 100 --one-output --v=2';
  const klogDropped = ['logtostderr', 'log-dir', 'log-file-max-size', 'one-output'];
  const cni = '--network-plugin=cni --cni-bin-dir=/opt/cni/bin --cni-conf-dir=/etc/cni/net.d';

  test.each<[string, { readonly unit: string }, string, string, readonly string[]]>([
    ['klog on files', kubelet, '1.34.4', klog, klogDropped],
    ['klog on files', controllerManager, '1.34.4', klog, klogDropped],
    ['klog on files', proxy, '1.34.4', klog, klogDropped],
    ['klog on files', kubelet, '1.26.0', klog, klogDropped],
    ['network flags', kubelet, '1.24.0', cni, ['network-plugin', 'cni-bin-dir', 'cni-conf-dir']],
    ['network flags', kubelet, '1.34.4', cni, ['network-plugin', 'cni-bin-dir', 'cni-conf-dir']],
    ['the runtime', kubelet, '1.27.0', '--container-runtime=remote', ['container-runtime']],
    // Of the two runtimes it names neither counts any more.
    ['the runtime', kubelet, '1.34.4', '--container-runtime docker', ['container-runtime']],
    ['the sandbox image', kubelet, '1.35.0', '--pod-infra-container-image=p:3', ['pod-infra-container-image']],
    ['the insecure port', controllerManager, '1.34.4', '--port=0 --address=127.0.0.1', ['port', 'address']],
  ])('%s: %o of %s is refused, and dropped where told to', (_what, wish, version, flags, dropped) => {
    const binary = wish.unit.replace('.service', '');
    const output = found(binary, version, flags);
    expect(changesOf(unitFlags, wish, output)).toEqual(['FLAG_UNKNOWN']);
    const dropUnknown = { ...wish, drop_unknown_flags: true };
    expect(changesOf(unitFlags, dropUnknown, output)).toEqual(dropping(wish.unit, ...dropped));
    const blind = found(binary, version, flags, '', '');
    expect(changesOf(unitFlags, dropUnknown, blind), 'the same by the record alone').toEqual(
      dropping(wish.unit, ...dropped),
    );
  });

  test.each([
    ['1.23.17', kubelet, `${klog} ${cni} --container-runtime=remote`],
    ['1.34.4', kubelet, '--pod-infra-container-image=p:3 --v=2'],
    ['1.25.16', proxy, klog],
  ])('what %s still knows stays', (version, wish, flags) => {
    const binary = wish.unit.replace('.service', '');
    expect(changesOf(unitFlags, { ...wish, drop_unknown_flags: true }, found(binary, version, flags))).toEqual([]);
  });

  test('one of the inventory is refused even where those of the unit are dropped', () => {
    const wish = { ...kubelet, more_flags: { 'network-plugin': 'cni' }, drop_unknown_flags: true };
    expect(changesOf(unitFlags, wish, found('kubelet', '1.34.4', '--v=2'))).toEqual(['FLAG_UNKNOWN']);
  });

  test('one that an earlier run set goes with our drop-in', () => {
    const output = found('kubelet', '1.34.4', '--v=2', `--v=2 ${cni}`);
    expect(changesOf(unitFlags, kubelet, output)).toEqual([`kubelet.service: remove ${dropIn('kubelet.service')}`]);
  });

  test('what is dropped takes its value along', () => {
    const desired = unitFlags.schema.parse({ ...kubelet, drop_unknown_flags: true });
    const output = found(
      'kubelet',
      '1.34.4',
      '--log-dir /opt/k8s/logs --config /opt/k8s/conf/kubelet.yaml --one-output',
    );
    const [change] = unitFlags.diff(unitFlags.parse(output, desired), desired, { files: new Map() });
    expect(change?.after).toBe('/opt/k8s/bin/kubelet\n--config\n/opt/k8s/conf/kubelet.yaml\n');
  });
});
