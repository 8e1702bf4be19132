import { describe, expect, test } from 'vitest';
import { digest } from '../../src/operations/files/managed-file.ts';
import { kubeProxy } from '../../src/operations/kubelet/kube-proxy.ts';
import { kubeletConfig } from '../../src/operations/kubelet/kubelet-config.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { base64, changesOf, nothingUpcoming } from './case.ts';

interface Seen {
  readonly program?: string;
  /** The command line behind the program. */
  readonly flags?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly record?: unknown;
  readonly version?: string;
  /** No such unit. */
  readonly missing?: boolean;
  /** What the program knows. */
  readonly help?: string;
  /** Folders that are symbolic links. */
  readonly links?: readonly string[];
}

const absent = 'absent - - - - - - -';
const look = (text: string, mode = text.startsWith('# Written by provision') ? 600 : 644): string =>
  `file ${mode} 0 root 0 root ${digest(text)} ${base64(text)}`;

const seen = ({
  program = 'kubelet',
  flags = '--config=/etc/k.yaml',
  files = {},
  record,
  version,
  missing,
  help,
  links = [],
}: Seen) =>
  [
    absent,
    'load loaded',
    'hostname node-1',
    ...(missing
      ? []
      : [
          `unit ${base64(`# /etc/systemd/system/${program}.service\n[Service]\nExecStart=/usr/bin/${program} ${flags}\n`)}`,
        ]),
    `version ${version ?? 'Kubernetes v1.20.2'}`,
    ...(help === undefined ? [] : [`help kubelet ${base64(help)}`]),
    ...links.map((path) => `link ${base64(path)}`),
    `record ${record === undefined ? absent : look(JSON.stringify(record))}`,
    ...Object.entries(files).map(
      ([path, text]) => `config ${base64(path)} ${base64(path)} ${text === '' ? absent : look(text)}`,
    ),
  ].join('\n');

const own = 'kind: KubeletConfiguration\nmaxPods: 110\n';
const setTo = (maxPods: number) => ({
  file: '/etc/k.yaml',
  fields: [{ path: ['maxPods'], value: maxPods, former: ' 110', made: 0 }],
});
const wanted = { unit: 'kubelet.service', config: { maxPods: 200 } };

describe('kubelet_config', () => {
  test.each<[string, object, Seen, readonly string[]]>([
    ['nothing wanted', { unit: 'kubelet.service' }, {}, []],
    ['nothing wanted, and no --config', { unit: 'kubelet.service' }, { flags: '--v=2' }, []],
    ['a field', wanted, { files: { '/etc/k.yaml': own } }, ['/etc/k.yaml: set maxPods']],
    ['a field that is there', wanted, { files: { '/etc/k.yaml': own.replace('110', '200') } }, []],
    [
      'a field that we set',
      wanted,
      {
        files: { '/etc/k.yaml': own.replace('110', '200') },
        record: setTo(200),
      },
      ['/var/lib/provision/config/kubelet.service.json: write'],
    ],
    [
      'not wanted any more',
      { unit: 'kubelet.service' },
      { files: { '/etc/k.yaml': own.replace('110', '200') }, record: setTo(200) },
      ['/etc/k.yaml: give back maxPods'],
    ],
    [
      'not wanted any more, but changed by someone else',
      { unit: 'kubelet.service' },
      { files: { '/etc/k.yaml': own.replace('110', '300') }, record: setTo(200) },
      ['/var/lib/provision/config/kubelet.service.json: remove'],
    ],
    [
      'the record of another file',
      { unit: 'kubelet.service' },
      { files: { '/etc/k.yaml': own.replace('110', '200') }, record: { ...setTo(200), file: '/etc/old.yaml' } },
      ['/var/lib/provision/config/kubelet.service.json: remove'],
    ],
    [
      'the file of the inventory',
      { ...wanted, flags: { config: '/etc/n.yaml' } },
      { files: { '/etc/k.yaml': own, '/etc/n.yaml': own } },
      ['/etc/n.yaml: set maxPods'],
    ],
    ['no --config', wanted, { flags: '--v=2' }, ['CONFIG_FILE_NONE']],
    ['a file that is not there', wanted, {}, ['CONFIG_FILE_UNREADABLE']],
    ['another kind', wanted, { files: { '/etc/k.yaml': 'kind: Pod\n' } }, ['CONFIG_FILE_INVALID']],
    ['no YAML', wanted, { files: { '/etc/k.yaml': 'kind: [\n' } }, ['CONFIG_FILE_INVALID']],
    [
      'a layout with references',
      wanted,
      { files: { '/etc/k.yaml': 'kind: KubeletConfiguration\nmaxPods: &n 1\npodsPerCore: *n\n' } },
      ['CONFIG_FILE_NOT_EDITABLE'],
    ],
    [
      'a flag that wins',
      wanted,
      { flags: '--config=/etc/k.yaml --max-pods=90', files: { '/etc/k.yaml': own } },
      ['CONFIG_FIELD_MASKED'],
    ],
    [
      'a flag of the inventory that wins',
      { ...wanted, flags: { 'max-pods': 90 } },
      { files: { '/etc/k.yaml': own } },
      ['CONFIG_FIELD_MASKED'],
    ],
    [
      'a file that is read later',
      wanted,
      {
        flags: '--config=/etc/k.yaml --config-dir=/etc/k.d',
        files: { '/etc/k.yaml': own, '/etc/k.d/10-more.conf': 'maxPods: 90\n' },
      },
      ['CONFIG_FIELD_MASKED'],
    ],
    [
      'a field of a later release',
      { unit: 'kubelet.service', config: { seccompDefault: true } },
      { files: { '/etc/k.yaml': own } },
      ['CONFIG_FIELD_UNKNOWN'],
    ],
    ['no unit', wanted, { missing: true }, ['UNIT_NOT_FOUND']],
  ])('%s', (_, wish, state, changes) => {
    expect(changesOf(kubeletConfig, wish, seen(state))).toEqual(changes);
  });
});

describe('kubelet_config of a kubelet that reads drop-ins', () => {
  const ours = '/etc/provision/kubelet.conf.d/90-provision.conf';
  const help = '  --config string  x\n  --config-dir string  x\n  --max-pods int32  x\n  --v int  x\n';
  const head = `# Written by provision from its inventory; changes made here are lost at the next run.
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
`;
  const now = (state: Seen): Seen => ({
    version: 'Kubernetes v1.34.4',
    help,
    ...state,
    files: { '/etc/k.yaml': own, [ours]: '', ...state.files },
  });
  const theirs = '--config=/etc/k.yaml --config-dir=/etc/k.d';
  const inTheirs = '/etc/k.d/90-provision.conf';
  const none = { unit: 'kubelet.service' };
  test.each<[string, object, Seen, readonly string[]]>([
    ['nothing wanted', none, {}, []],
    ['a field', wanted, {}, [`${ours}: set maxPods`]],
    ['a field that is there', wanted, { files: { [ours]: `${head}maxPods: 200\n` } }, []],
    [
      'a field more',
      { ...wanted, config: { maxPods: 200, readOnlyPort: 0 } },
      { files: { [ours]: `${head}maxPods: 200\n` } },
      [`${ours}: set maxPods, readOnlyPort`],
    ],
    [
      'another field',
      { ...wanted, config: { readOnlyPort: 0 } },
      { files: { [ours]: `${head}maxPods: 200\n` } },
      [`${ours}: set readOnlyPort; give back maxPods`],
    ],
    ['not wanted any more', none, { files: { [ours]: `${head}maxPods: 200\n` } }, [`${ours}: give back maxPods`]],
    ['no --config', wanted, { flags: '--v=2' }, [`${ours}: set maxPods`]],
    [
      'a field that an older kubelet had in its file',
      wanted,
      { files: { '/etc/k.yaml': own.replace('110', '200') }, record: setTo(200) },
      [`${ours}: set maxPods`, '/etc/k.yaml: give back maxPods'],
    ],
    [
      'a kubelet of before, after one of today',
      wanted,
      { version: 'Kubernetes v1.31.9', files: { [ours]: `${head}maxPods: 200\n` } },
      [`${ours}: give back maxPods`, '/etc/k.yaml: set maxPods'],
    ],
    ["the operator's folder", wanted, { flags: theirs, files: { [inTheirs]: '' } }, [`${inTheirs}: set maxPods`]],
    [
      "the operator's folder, after ours",
      wanted,
      { flags: theirs, files: { [inTheirs]: '', [ours]: `${head}maxPods: 200\n` } },
      [`${ours}: give back maxPods`, `${inTheirs}: set maxPods`],
    ],
    [
      'a folder of the inventory',
      { ...wanted, flags: { 'config-dir': '/etc/k.d/' } },
      { files: { [inTheirs]: '' } },
      [`${inTheirs}: set maxPods`],
    ],
    [
      'a file that is read before ours',
      wanted,
      { flags: theirs, files: { [inTheirs]: '', '/etc/k.d/10-more.conf': 'maxPods: 90\n' } },
      [`${inTheirs}: set maxPods`],
    ],
    [
      'a file in a folder that is read before ours',
      wanted,
      { flags: theirs, files: { [inTheirs]: '', '/etc/k.d/10-more/99.conf': 'maxPods: 90\n' } },
      [`${inTheirs}: set maxPods`],
    ],
    [
      'one that does not say what it is',
      wanted,
      {
        help: '',
        version: '',
        flags: '--config=/etc/k.yaml --config-dir=/etc/provision/kubelet.conf.d',
        files: { [ours]: `${head}maxPods: 200\n` },
      },
      [],
    ],
    [
      'a file that is read later, of another field',
      wanted,
      { flags: theirs, files: { [inTheirs]: '', '/etc/k.d/95-more.conf': 'readOnlyPort: 0\n' } },
      [`${inTheirs}: set maxPods`],
    ],
    [
      'a file that is read later',
      wanted,
      { flags: theirs, files: { [inTheirs]: '', '/etc/k.d/95-more.conf': 'maxPods: 90\n' } },
      ['CONFIG_FIELD_MASKED'],
    ],
    [
      'a file in a folder that is read later',
      wanted,
      { flags: theirs, files: { [inTheirs]: '', '/etc/k.d/more/10.conf': 'maxPods: 90\n' } },
      ['CONFIG_FIELD_MASKED'],
    ],
    [
      'a map that is taken away later',
      { ...none, config: { evictionHard: { 'memory.available': '1Gi' } } },
      { flags: theirs, files: { [inTheirs]: '', '/etc/k.d/95-more.conf': 'evictionHard: null\n' } },
      ['CONFIG_FIELD_MASKED'],
    ],
    ['a flag that wins', wanted, { flags: '--max-pods=90' }, ['CONFIG_FIELD_MASKED']],
    ['a flag of the inventory that wins', { ...wanted, flags: { 'max-pods': 90 } }, {}, ['CONFIG_FIELD_MASKED']],
    ['a field of before', { ...none, config: { logging: { sanitization: true } } }, {}, ['CONFIG_FIELD_UNKNOWN']],
    [
      'what a drop-in cannot do',
      { ...none, config: { mergeDefaultEvictionSettings: true } },
      {},
      ['CONFIG_FIELD_MASKED'],
    ],
    [
      'a folder that is a link',
      wanted,
      { flags: theirs, files: { [inTheirs]: '' }, links: ['/etc/k.d'] },
      ['CONFIG_DIR_UNREAD'],
    ],
    ['a folder that cannot be found', wanted, { flags: '--config-dir=k.d' }, ['CONFIG_DIR_UNREAD']],
  ])('%s', (_, wish, state, changes) => {
    expect(changesOf(kubeletConfig, wish, seen(now(state)))).toEqual(changes);
  });

  const resultOf = (config: object, state: Seen = {}) => {
    const desired = kubeletConfig.schema.parse({ ...none, config });
    const actual = kubeletConfig.parse(seen(now(state)), desired);
    const [change] = kubeletConfig.diff(actual, desired, nothingUpcoming);
    return { change, script: kubeletConfig.apply(desired, actual, nothingUpcoming).source };
  };

  test('shows what the kubelet goes by, and goes by then', () => {
    const files = { [inTheirs]: `${head}podsPerCore: 7\n`, '/etc/k.d/20-more.conf': 'evictionHard: { a: 1 }\n' };
    const { change } = resultOf({ maxPods: 200, evictionHard: { a: '2' } }, { flags: theirs, files });
    expect(change).toMatchObject({
      before: 'podsPerCore: 7\nmaxPods: 110\nevictionHard:\n  a: 1\n',
      after: 'maxPods: 200\nevictionHard:\n  a: "2"\n',
    });
  });

  test.each<[string, object, string, Seen]>([
    ['nothing else', { maxPods: 4 }, 'maxPods: 4\n', {}],
    ['no thresholds at all', { evictionHard: {} }, 'evictionHard: null\n', {}],
    [
      'parallel pulls',
      { maxParallelImagePulls: 4 },
      'maxParallelImagePulls: 4\n# As it would be if the fields stood in the file of --config.\nserializeImagePulls: false\n',
      {},
    ],
    [
      'parallel pulls, serial by the file',
      { maxParallelImagePulls: 4 },
      'maxParallelImagePulls: 4\n',
      { files: { '/etc/k.yaml': `${own}serializeImagePulls: true\n` } },
    ],
    [
      'an empty list of the file',
      { maxPods: 4 },
      'maxPods: 4\n# As it would be if the fields stood in the file of --config.\nenforceNodeAllocatable: []\n',
      { files: { '/etc/k.yaml': `${own}enforceNodeAllocatable: []\n` } },
    ],
    [
      'an empty list of the file, forgotten before',
      { maxPods: 4 },
      'maxPods: 4\n',
      { flags: theirs, files: { '/etc/k.yaml': `${own}enforceNodeAllocatable: []\n`, [inTheirs]: '' } },
    ],
  ])('writes what comes to the same as in the file: %s', (_, config, text, state) => {
    expect(resultOf(config, state).script).toContain(`'${head}${text}'`);
  });
});

describe('kube_proxy', () => {
  const config = (range: string, more = '') => ({
    '/etc/k.yaml': `kind: KubeProxyConfiguration\nclusterCIDR: "${range}"\n${more}`,
  });
  const other = '10.244.0.0/16';
  const range = '10.5.0.0/16';
  const wish = { unit: 'kube-proxy.service', cluster_cidr: range };
  const managed = { ...wish, manage: true };
  const dropIn = 'kube-proxy.service: set flags by /etc/systemd/system/kube-proxy.service.d/90-provision.conf';
  test.each<[string, object, Seen, readonly string[]]>([
    ['the same range as a flag', wish, { flags: `--cluster-cidr=${range}` }, []],
    ['the same range in the file', wish, { files: config(range) }, []],
    ['one for each family', managed, { files: config(`${range},fd00::/64`) }, []],
    ['another range as a flag', wish, { flags: `--cluster-cidr=${other}` }, ['RANGES_DISAGREE']],
    ['another range in the file', wish, { files: config(other) }, ['RANGES_DISAGREE']],
    [
      'a flag that the file makes void',
      wish,
      { flags: `--config=/etc/k.yaml --cluster-cidr=${range}`, files: config(other) },
      ['RANGES_DISAGREE'],
    ],
    ['pods told by something else', managed, { files: config(other, 'detectLocalMode: NodeCIDR\n') }, []],
    ['none', wish, { files: config('') }, []],
    ['no unit', wish, { missing: true }, []],
    ['no unit, managed', managed, { missing: true }, ['UNIT_NOT_FOUND']],
    ['a script', wish, { flags: '--v=2', program: 'kube-proxy.sh' }, []],
    ['managed, as a flag', managed, { flags: `--cluster-cidr=${other}` }, [dropIn]],
    ['managed, in the file', managed, { files: config(other) }, ['/etc/k.yaml: set clusterCIDR']],
    ['managed, with a flag more', { ...managed, flags: { v: 4 } }, { files: config(range) }, [dropIn]],
    [
      'managed, against its own flags',
      { ...managed, flags: { 'cluster-cidr': other } },
      { flags: '--v=2' },
      ['FLAG_CONFLICT'],
    ],
    [
      'managed, a field without a file',
      { ...managed, config: { mode: 'ipvs' } },
      { flags: '--v=2' },
      ['CONFIG_FILE_NONE'],
    ],
  ])('%s', (_, desired, state, changes) => {
    expect(changesOf(kubeProxy, desired, seen({ program: 'kube-proxy', ...state }))).toEqual(changes);
  });

  const warningsOf = (state: Seen) => {
    const any = kubeProxy as unknown as HostOperation;
    const desired = any.schema.parse(wish);
    return any.warnings?.(any.parse(seen({ program: 'kube-proxy', ...state }), desired), desired);
  };
  test('says that it knows no range, and that it cannot be read', () => {
    expect(warningsOf({ flags: '--v=2' })).toEqual([expect.stringContaining('knows no pod range (--cluster-cidr)')]);
    expect(warningsOf({ program: 'kube-proxy.sh' })).toEqual([expect.stringContaining('cannot be read')]);
    expect(warningsOf({ flags: `--cluster-cidr=${range}` })).toEqual([]);
    expect(warningsOf({ missing: true })).toEqual([]);
  });
});
