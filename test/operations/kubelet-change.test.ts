import { describe, expect, test } from 'vitest';
import { ProvisionErrors } from '../../src/errors.ts';
import type { NodeState, Taint } from '../../src/kubernetes/cluster/cluster.ts';
import { nodePatch } from '../../src/kubernetes/cluster/node-object.ts';
import { nodeLabels } from '../../src/operations/cluster/node-labels.ts';
import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { kubeletChange } from '../../src/operations/kubelet/kubelet-change.ts';
import { managerState } from '../../src/operations/kubelet/manager-state.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { takeBackObjects } from '../../src/operations/take-back/take-back-objects.ts';
import { base64, changesOf, nothingUpcoming } from './case.ts';

interface Seen {
  /** Of the unit. */
  readonly flags?: string;
  /** Of the process; those of the unit unless said, none where it is empty. */
  readonly running?: string;
  readonly file?: string;
  readonly version?: string;
  readonly policies?: Readonly<Record<string, string>>;
  /** Cgroups of pods, `kubepods idle`. */
  readonly cgroups?: readonly string[];
  readonly containerd?: { readonly version: string; readonly systemd: boolean };
}

const absent = 'absent - - - - - - -';

function print({
  flags = '',
  running = flags,
  file = '',
  version = 'v1.20.2',
  policies = {},
  cgroups = [],
  containerd,
}: Seen): string {
  const words = `/usr/bin/kubelet --config=/etc/k.yaml ${flags}`;
  const process = running === '' && flags !== '' ? [] : `/usr/bin/kubelet --config=/etc/k.yaml ${running}`.split(' ');
  const help = version === 'v1.20.2' ? '  --network-plugin string  x\n  --container-runtime string  x\n' : '';
  const known = [...flags.matchAll(/--([a-z-]+)/g)].map(([, name]) => `  --${name} string  x\n`).join('');
  return [
    absent,
    'load loaded',
    'hostname Node-1',
    `unit ${base64(`# /etc/systemd/system/kubelet.service\n[Service]\nExecStart=${words}\n`)}`,
    ...(help ? [`help kubelet ${base64(`${help}${known}${more}`)}`] : []),
    `version Kubernetes ${version}`,
    `record ${absent}`,
    `config ${base64('/etc/k.yaml')} ${base64('/etc/k.yaml')} file 644 0 root 0 root ${'a'.repeat(64)} ${base64(`kind: KubeletConfiguration\n${file}`)}`,
    `running ${base64(
      process
        .filter(Boolean)
        .map((word) => `${word}\0`)
        .join(''),
    )}`,
    ...Object.entries(policies).map(([path, policy]) => `policy ${base64(path)} ${policy}`),
    ...cgroups.map((one) => `pods-cgroup ${one}`),
    ...(containerd === undefined
      ? []
      : [
          '== the runtime ==',
          `file 644 0 root 0 root ${'a'.repeat(64)} ${base64(containerdText(containerd))}`,
          'target /etc/containerd/config.toml',
          `version containerd github.com/containerd/containerd ${containerd.version} x`,
        ]),
  ].join('\n');
}

const runc = (plugin: string): string => `[plugins."${plugin}".containerd.runtimes.runc.options]`;
const containerdText = ({ version, systemd }: { version: string; systemd: boolean }): string =>
  version.startsWith('1.')
    ? `version = 2\n${runc('io.containerd.grpc.v1.cri')}\nSystemdCgroup = ${systemd}\n`
    : `version = 3\n${runc('io.containerd.cri.v1.runtime')}\nSystemdCgroup = ${systemd}\n`;

const more = [
  'config',
  'max-pods',
  'cgroup-driver',
  'root-dir',
  'hostname-override',
  'container-runtime-endpoint',
  'cpu-manager-policy',
  'kube-reserved',
  'reserved-cpus',
  'topology-manager-policy',
  'node-labels',
  'register-with-taints',
  'v',
]
  .map((name) => `  --${name} string  x\n`)
  .join('');

const remote = '--container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock';
const unit = 'kubelet.service';

/** The codes of what is refused. */
function refusals(wish: object, seen: Seen): readonly string[] {
  const any = kubeletChange as unknown as HostOperation;
  const desired = any.schema.parse({ unit, ...wish });
  try {
    any.diff(any.parse(print(seen), desired), desired, nothingUpcoming);
    return [];
  } catch (error) {
    if (error instanceof ProvisionErrors) return error.errors.map(({ code }) => code);
    throw error;
  }
}

const policy = 'POLICY_NEEDS_DRAIN';
const newer = { flags: '', version: 'v1.34.4' };

test.each<[string, object, Seen, readonly string[]]>([
  ['nothing', {}, {}, []],
  ['as many pods as there are addresses', { flags: { 'max-pods': 253 }, pod_cidr: '10.5.1.0/24' }, {}, []],
  ['one more', { flags: { 'max-pods': 254 }, pod_cidr: '10.5.1.0/24' }, {}, ['MAX_PODS_ABOVE_RANGE']],
  ['the same by a field', { config: { maxPods: 62 }, pod_cidr: '10.5.1.0/26' }, {}, ['MAX_PODS_ABOVE_RANGE']],
  ['too many, of which the inventory says nothing', { pod_cidr: '10.5.1.0/26' }, { flags: '--max-pods=200' }, []],
  [
    'too many, which an edited unit brings',
    { pod_cidr: '10.5.1.0/26' },
    { flags: '--max-pods=200', running: '--v=2' },
    ['MAX_PODS_ABOVE_RANGE'],
  ],
  ['as many as ever, where the range is not known', { flags: { 'max-pods': 9999 } }, {}, []],
  ['another cgroup driver', { flags: { 'cgroup-driver': 'systemd' } }, {}, ['CGROUP_DRIVER_CHANGED']],
  ['the same by a field', { config: { cgroupDriver: 'systemd' } }, {}, ['CGROUP_DRIVER_CHANGED']],
  ['the default, written out', { flags: { 'cgroup-driver': 'cgroupfs' } }, {}, []],
  [
    'the driver of the file, as a flag',
    { flags: { 'cgroup-driver': 'systemd' } },
    { file: 'cgroupDriver: systemd\n' },
    [],
  ],
  ['a field that a flag masks', {}, { flags: '--cgroup-driver=systemd', file: 'cgroupDriver: cgroupfs\n' }, []],
  ['another root directory', { flags: { 'root-dir': '/data/kubelet' } }, {}, ['ROOT_DIR_CHANGED']],
  ['the default one, with a slash', { flags: { 'root-dir': '/var/lib/kubelet/' } }, {}, []],
  ['another name', { flags: { 'hostname-override': 'other' } }, {}, ['NODE_NAME_CHANGED']],
  ["the host's own name", { flags: { 'hostname-override': 'node-1' } }, {}, []],
  ['no name any more', {}, { flags: '--v=2', running: '--hostname-override=other' }, ['NODE_NAME_CHANGED']],
  [
    'another runtime',
    { flags: { 'container-runtime-endpoint': '/run/crio/crio.sock' } },
    { flags: remote },
    ['RUNTIME_ENDPOINT_CHANGED'],
  ],
  [
    'the same place, called otherwise',
    { flags: { 'container-runtime-endpoint': '/var/run/containerd/containerd.sock' } },
    { flags: remote },
    [],
  ],
  [
    'containerd instead of Docker',
    {
      flags: { 'container-runtime': 'remote', 'container-runtime-endpoint': 'unix:///run/containerd/containerd.sock' },
    },
    {},
    ['RUNTIME_ENDPOINT_CHANGED'],
  ],
  [
    'the default runtime, written out',
    { config: { containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock' } },
    newer,
    [],
  ],
  ['the CPU policy', { flags: { 'cpu-manager-policy': 'static' } }, {}, [policy]],
  ['the CPU policy, drained', { flags: { 'cpu-manager-policy': 'static' }, drains: true }, {}, []],
  ['the memory policy', { config: { memoryManagerPolicy: 'Static' } }, newer, [policy]],
  [
    'the reserved memory of the policy',
    { config: { reservedMemory: [{ numaNode: 0, limits: { memory: '1Gi' } }] } },
    { ...newer, file: 'memoryManagerPolicy: Static\n' },
    [policy],
  ],
  ['reserved CPUs, without a policy', { flags: { 'kube-reserved': 'cpu=2' } }, {}, []],
  [
    'reserved CPUs, with one',
    { flags: { 'kube-reserved': 'cpu=2' } },
    { file: 'cpuManagerPolicy: static\nkubeReserved: { cpu: 500m }\n' },
    [policy],
  ],
  [
    'as many whole ones',
    { flags: { 'kube-reserved': 'cpu=0.9,memory=1Gi' } },
    { file: 'cpuManagerPolicy: static\nkubeReserved: { cpu: 500m }\n' },
    [],
  ],
  [
    'options of the policy',
    { config: { cpuManagerPolicyOptions: { 'strict-cpu-reservation': 'true' } } },
    { ...newer, file: 'cpuManagerPolicy: static\n' },
    [policy],
  ],
  ['a topology policy that ends pods', { flags: { 'topology-manager-policy': 'restricted' } }, {}, [policy]],
  ['one that does not', { flags: { 'topology-manager-policy': 'best-effort' } }, {}, []],
  [
    'several at once',
    { flags: { 'cgroup-driver': 'systemd', 'root-dir': '/data', 'cpu-manager-policy': 'static' } },
    {},
    ['CGROUP_DRIVER_CHANGED', 'ROOT_DIR_CHANGED', policy],
  ],
])('kubelet_change: %s', (_, wish, seen, expected) => {
  expect(refusals(wish, seen)).toEqual(expected);
});

const bySystemd = { version: '2.1.9', systemd: true };
const byItself = { version: '2.1.9', systemd: false };
const driver = ['CGROUP_DRIVER_CHANGED'];
const [fs, slice] = [['kubepods idle'], ['kubepods.slice idle']];

test.each<[string, object, Seen, readonly string[]]>([
  ['containerd 2 that is to use systemd', {}, { ...newer, containerd: bySystemd, cgroups: fs }, driver],
  ['that is to use it no more', {}, { ...newer, containerd: byItself, cgroups: slice }, driver],
  ['that uses it already', {}, { ...newer, containerd: bySystemd, cgroups: slice }, []],
  ['that never does', {}, { ...newer, containerd: byItself, cgroups: fs }, []],
  [
    'the kubelet is told another one than it has in its file',
    { config: { cgroupDriver: 'systemd' } },
    { ...newer, containerd: byItself, cgroups: fs },
    [],
  ],
  [
    'pods are in one cgroup, and that of an earlier kubelet is left',
    {},
    { ...newer, containerd: bySystemd, cgroups: ['kubepods busy', 'kubepods.slice idle'] },
    driver,
  ],
  ['two empty ones tell nothing', {}, { ...newer, containerd: bySystemd, cgroups: [...fs, ...slice] }, []],
  ['no cgroup is made', {}, { ...newer, containerd: bySystemd }, []],
  [
    'nor is one counted below another root',
    {},
    { ...newer, file: 'cgroupRoot: /mine\n', containerd: bySystemd, cgroups: fs },
    [],
  ],
  ['a kubelet by the gate', {}, { version: 'v1.30.1', containerd: bySystemd, cgroups: fs }, []],
  [
    'the same with the gate',
    {},
    {
      version: 'v1.30.1',
      file: `featureGates: { KubeletCgroupDriverFromCRI: true }\n`,
      containerd: bySystemd,
      cgroups: fs,
    },
    driver,
  ],
  ['containerd 1.7 tells nothing', {}, { ...newer, containerd: { version: '1.7.24', systemd: true }, cgroups: fs }, []],
  [
    'both follow with containerd 1.7',
    { config: { cgroupDriver: 'systemd' } },
    { ...newer, containerd: { version: '1.7.24', systemd: true }, cgroups: fs },
    driver,
  ],
  [
    'a file was edited that the running kubelet has not read',
    {},
    { file: 'cgroupDriver: systemd\n', flags: '--v=2', containerd: { version: '1.6.20', systemd: true }, cgroups: fs },
    driver,
  ],
  [
    'a kubelet that does not run, without pods',
    {},
    { flags: '--v=2', running: '', file: 'cgroupDriver: systemd\n', cgroups: fs },
    [],
  ],
  [
    'the same with pods',
    {},
    { flags: '--v=2', running: '', file: 'cgroupDriver: systemd\n', cgroups: ['kubepods busy'] },
    driver,
  ],
  ['Docker', { runtime: 'docker', config: { cgroupDriver: 'systemd' } }, { cgroups: fs }, driver],
])('kubelet_change of the cgroup driver: %s', (_, wish, seen, expected) => {
  expect(refusals(wish, seen)).toEqual(expected);
});

test('what containerd decides is to be taken back in its file', () => {
  const desired = kubeletChange.schema.parse({ unit });
  const seen = kubeletChange.parse(print({ ...newer, containerd: bySystemd, cgroups: fs }), desired);
  expect(() => kubeletChange.diff(seen, desired, nothingUpcoming)).toThrow(
    expect.objectContaining({
      errors: [
        expect.objectContaining({
          why: expect.stringMatching(
            /^now: cgroupfs \(the cgroup of its pods is kubepods\)\nthen: systemd, by containerd \(SystemdCgroup = true under .* in \/etc\/containerd\/config\.toml\)/,
          ),
          fix: expect.stringMatching(/^Let containerd use cgroupfs again: write `SystemdCgroup = false` under /),
        }),
      ],
    }),
  );
});

test('a refusal names what is there and what is wanted, and where each is written', () => {
  const desired = kubeletChange.schema.parse({ unit, config: { cgroupDriver: 'systemd' } });
  const actual = kubeletChange.parse(print({ flags: '--v=2' }), desired);
  expect(() => kubeletChange.diff(actual, desired, nothingUpcoming)).toThrow(
    expect.objectContaining({
      errors: [
        expect.objectContaining({
          why: expect.stringContaining(
            'now: cgroupfs (default)\nthen: cgroupDriver: systemd (kubelet.config of the inventory)',
          ),
        }),
      ],
    }),
  );
});

describe('manager_state', () => {
  const cpu = '/var/lib/kubelet/cpu_manager_state';
  const memory = '/var/lib/kubelet/memory_manager_state';
  const removed = (path: string, because: string): string => `${path}: stop ${unit} and remove it: ${because}`;
  const toStatic = 'it is of the policy none, and static is to come';

  test.each<[string, object, Seen, readonly string[]]>([
    ['no file', { flags: { 'cpu-manager-policy': 'static' } }, {}, []],
    ['files of the policies to come', {}, { policies: { [cpu]: 'none', [memory]: 'None' } }, []],
    [
      'another policy',
      { flags: { 'cpu-manager-policy': 'static' } },
      { policies: { [cpu]: 'none' } },
      [removed(cpu, toStatic)],
    ],
    [
      'by a file that is written already',
      {},
      { file: 'cpuManagerPolicy: static\n', policies: { [cpu]: 'none', [memory]: 'None' } },
      [removed(cpu, toStatic)],
    ],
    [
      'below another root directory',
      {},
      {
        flags: '--root-dir=/data/kubelet/ --cpu-manager-policy=static',
        policies: { [cpu]: 'none', '/data/kubelet/cpu_manager_state': 'none' },
      },
      [removed('/data/kubelet/cpu_manager_state', toStatic)],
    ],
    [
      'more reserved CPUs',
      { config: { kubeReserved: { cpu: '1500m' } } },
      { file: 'cpuManagerPolicy: static\nkubeReserved: { cpu: 500m }\n', policies: { [cpu]: 'static' } },
      [removed(cpu, '1 CPUs reserved → 2 CPUs reserved')],
    ],
    [
      'the files alone count once a run is taken back',
      { by_files: true },
      { flags: '--v=2', running: '--cpu-manager-policy=static', policies: { [cpu]: 'static' } },
      [removed(cpu, 'it is of the policy static, and none is to come')],
    ],
  ])('%s', (_, wish, seen, expected) => {
    expect(changesOf(managerState, { unit, ...wish }, print(seen))).toEqual(expected);
  });

  test('a kubelet that it stops is to be started, and undo wants the same by the files alone', () => {
    const desired = managerState.schema.parse({ unit, flags: { 'cpu-manager-policy': 'static' } });
    const actual = managerState.parse(print({ policies: { [cpu]: 'none' } }), desired);
    expect(managerState.stops?.(desired, actual)).toEqual([unit]);
    expect(managerState.apply(desired, actual, nothingUpcoming).source).toBe(`systemctl stop ${unit}\nrm -f -- ${cpu}`);
    expect(managerState.afterUndo?.(actual, desired)).toMatchObject({ unit, by_files: true, flags: {} });
    const same = managerState.parse(print({ policies: { [cpu]: 'static' } }), desired);
    expect(managerState.stops?.(desired, same)).toEqual([]);
  });
});

describe('node_labels', () => {
  const node = (labels: Record<string, string>, taints: readonly Taint[] = []): NodeState => ({
    name: 'node1',
    podCidr: '10.5.1.0/24',
    addresses: [],
    machineId: '',
    ready: true,
    reason: '',
    heartbeatAt: 0,
    leaseAt: 0,
    labels: { 'kubernetes.io/hostname': 'node1', ...labels },
    taints,
    isCordoned: false,
    version: '1',
  });
  const host = { name: 'host1', nodeName: 'node1' } as unknown as ClusterView['hosts'][number];

  function view(one: NodeState, flags: object, seen: Seen): ClusterView {
    const desired = kubeletChange.schema.parse({ unit, flags });
    const look = { operation: kubeletChange.name, desired, actual: kubeletChange.parse(print(seen), desired) };
    return {
      snapshot: { nodes: [one], leader: undefined },
      hosts: [host],
      changing: [],
      others: [],
      looks: new Map([['host1', [look]]]),
      changed: false,
      batchChanged: false,
      verify: false,
    };
  }

  const actions = (seen: ClusterView): readonly string[] =>
    nodeLabels.diff(seen, { patch: true, drains: false }).map(({ action }) => action);
  const codes = (seen: ClusterView, desired = { patch: false, drains: false }): readonly string[] => {
    try {
      nodeLabels.refuse?.(seen, desired);
      return [];
    } catch (error) {
      return (error as ProvisionErrors).errors.map(({ code }) => code);
    }
  };

  const old = '--node-labels=a=b,c=d';
  const [labels, taints] = ['LABELS_WITHOUT_EFFECT', 'TAINTS_WITHOUT_EFFECT'];
  const soft = { key: 'dedicated', value: 'x', effect: 'NoSchedule' };

  test.each<[string, NodeState, object, Seen, readonly string[], readonly string[]]>([
    ['nothing', node({ a: 'b', c: 'd' }), {}, { flags: old }, [], []],
    [
      'a label more',
      node({ a: 'b' }),
      { 'node-labels': 'a=b,e=f' },
      { flags: '--node-labels=a=b' },
      [labels],
      ['gets the label e=f'],
    ],
    ['one that the Node has', node({ e: 'f' }), { 'node-labels': 'e=f' }, {}, [], []],
    [
      'another value',
      node({ a: 'b' }),
      { 'node-labels': 'a=z' },
      { flags: '--node-labels=a=b' },
      [labels],
      ['gets the label a=z'],
    ],
    [
      'one less',
      node({ a: 'b', c: 'd', e: 'f' }),
      { 'node-labels': 'a=b' },
      { flags: old },
      [labels],
      ['loses the label c'],
    ],
    [
      'one less, which somebody has changed',
      node({ a: 'b', c: 'x' }),
      { 'node-labels': 'a=b' },
      { flags: old },
      [],
      [],
    ],
    ['one that somebody took off', node({ a: 'b' }), {}, { flags: old }, [], ['gets the label c=d']],
    ['one that the kubelet sets itself', node({}), { 'node-labels': 'topology.kubernetes.io/zone=a' }, {}, [], []],
    [
      'a taint',
      node({}),
      { 'register-with-taints': 'dedicated=x:NoSchedule' },
      {},
      [taints],
      ['gets the taint dedicated=x:NoSchedule'],
    ],
    [
      'a taint without a value',
      node({}),
      { 'register-with-taints': 'dedicated:NoSchedule' },
      {},
      [taints],
      ['gets the taint dedicated:NoSchedule'],
    ],
    [
      'a taint that somebody took off',
      node({}),
      {},
      { flags: '--register-with-taints=dedicated=x:NoSchedule' },
      [],
      [],
    ],
    [
      'a taint less',
      node({}, [soft]),
      {},
      { flags: '--v=2', running: '--register-with-taints=dedicated=x:NoSchedule' },
      [taints],
      ['loses the taint dedicated=x:NoSchedule'],
    ],
  ])('%s', (_, one, flags, seen, refused, patched) => {
    const all = view(one, flags, seen);
    expect(codes(all)).toEqual(refused);
    expect(actions(all)).toEqual(patched);
    expect(nodeLabels.diff(all, { patch: false, drains: false })).toEqual([]);
  });

  test('a taint that ends pods needs a drained node', () => {
    const all = view(node({}), { 'register-with-taints': 'gone=:NoExecute' }, {});
    expect(codes(all, { patch: true, drains: false })).toEqual(['TAINT_NEEDS_DRAIN']);
    expect(codes(all, { patch: true, drains: true })).toEqual([]);
  });

  test('is remembered label by label and taint by taint, and taken back so', async () => {
    const since = new Date(0);
    const others: Taint = { key: 'others', value: '', effect: 'NoExecute', timeAdded: since };
    const before = node({ a: 'b', c: 'd' }, [others]);
    const flags = { 'node-labels': 'a=z', 'register-with-taints': 'dedicated=x:NoSchedule' };
    const objects = nodeLabels.remember?.(view(before, flags, { flags: old }), { patch: true, drains: false }) ?? [];
    expect(objects).toEqual([
      {
        before: {
          apiVersion: 'v1',
          kind: 'Node',
          metadata: { name: 'node1', labels: { a: 'b', c: 'd' } },
          taints: { 'dedicated:NoSchedule': null },
        },
        left: {
          apiVersion: 'v1',
          kind: 'Node',
          metadata: { name: 'node1', labels: { a: 'z', c: null } },
          taints: { 'dedicated:NoSchedule': 'x' },
        },
      },
    ]);
    const desired = takeBackObjects.schema.parse({ run: 'r', force: false, objects });
    const now = (one: NodeState): ClusterView => ({
      ...view(one, {}, {}),
      snapshot: { nodes: [one], leader: undefined },
    });
    // what else came meanwhile is of no matter
    const left = node({ a: 'z', new: 'one' }, [others, soft, { key: 'k', effect: 'NoSchedule' }]);
    expect(takeBackObjects.references?.(desired)).toEqual([]);
    expect(takeBackObjects.diff(now(left), desired)).toHaveLength(1);
    expect(takeBackObjects.diff(now(before), desired)).toEqual([]);
    expect(() => takeBackObjects.diff(now(node({ a: 'somebody' }, [soft])), desired)).toThrow(
      expect.objectContaining({ code: 'DRIFTED' }),
    );
    expect(nodePatch(left, objects[0]?.before as object)).toEqual({
      metadata: { labels: { a: 'b', c: 'd' } },
      spec: { taints: [others, { key: 'k', effect: 'NoSchedule' }] },
    });
  });
});
