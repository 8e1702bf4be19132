import { describe, expect, test } from 'vitest';
import { kubeletCanStart } from '../../src/operations/kubelet/kubelet-can-start.ts';
import type { HostOperation, Upcoming } from '../../src/operations/operation.ts';
import { base64, nothingUpcoming } from './case.ts';

interface Seen {
  readonly flags?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly swaps?: readonly string[];
  readonly containerd?: string;
  /** Seconds that the kubelet runs, and seconds since its files were changed. */
  readonly kubelet?: readonly [running: number, changed: number];
  readonly pods?: number;
  /** The cgroup of its pods. */
  readonly cgroup?: string;
}

const absent = 'absent - - - - - - -';
const look = (text: string): string => `file 644 0 root 0 root ${'a'.repeat(64)} ${base64(text)}`;

const now = 1_700_000_000;
const uptime = 100_000;
const started = (secondsAgo: number): string => String((uptime - secondsAgo) * 1e6);

function print({ flags = '--config=/etc/k.yaml', files = { '/etc/k.yaml': own }, ...seen }: Seen): string {
  const [running = 3600, changed = 7200] = seen.kubelet ?? [];
  return [
    absent,
    'load loaded',
    'hostname node-1',
    `unit ${base64(`# /etc/systemd/system/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet ${flags}\n`)}`,
    'version Kubernetes v1.20.2',
    `record ${absent}`,
    ...Object.entries(files).map(([path, text]) => `config ${base64(path)} ${base64(path)} ${look(text)}`),
    '== the runtime ==',
    look(seen.containerd ?? 'version = 2\n'),
    'target /etc/containerd/config.toml',
    'version containerd github.com/containerd/containerd 1.6.20 x',
    '== the host ==',
    'cgroup 1',
    ...(seen.swaps ?? []).map((name) => `swap ${name}`),
    `clock ${now} ${uptime} 1`,
    `kubelet ${now - changed} ${running === 0 ? 0 : started(running)}`,
    `runtime ${now - 7200} ${started(3600)}`,
    `pods ${seen.pods ?? 0}`,
    ...(seen.cgroup ? [`pods-cgroup ${seen.cgroup} idle`] : []),
  ].join('\n');
}

const own = 'kind: KubeletConfiguration\n';
const wish = { unit: 'kubelet.service', runtime: 'containerd', runtime_unit: 'containerd.service' };
const any = kubeletCanStart as unknown as HostOperation;

/** Codes of what is refused, and of what is only said. */
function judge(more: object, seen: Seen, upcoming: Upcoming = nothingUpcoming) {
  const desired = any.schema.parse({ ...wish, ...more });
  const actual = any.parse(print(seen), desired);
  const warned = () => (any.warnings?.(actual, desired) ?? []).map((text) => text.split(':')[0]);
  try {
    expect(any.diff(actual, desired, upcoming)).toEqual([]);
    return { refused: [], warned: warned() };
  } catch (error) {
    return { refused: (error as { errors: { code: string }[] }).errors.map(({ code }) => code) };
  }
}

const changing = (...paths: string[]): Upcoming => ({ files: new Map(paths.map((path) => [path, 'f'.repeat(64)])) });
const fine = { refused: [], warned: [] };

describe('kubelet_can_start', () => {
  const swaps = ['/swapfile'];
  const differ = 'CGROUP_DRIVERS_DIFFER';

  test.each<[string, object, Seen, unknown]>([
    ['nothing', {}, {}, fine],
    ['swap, and the kubelet is down', {}, { swaps, kubelet: [0, 0] }, { refused: ['SWAP_ON'] }],
    ['swap, and it has just started again', {}, { swaps, kubelet: [4, 7200] }, { refused: ['SWAP_ON'] }],
    ['swap, and it runs', {}, { swaps }, { refused: [], warned: ['SWAP_ON'] }],
    ['swap, and its files are newer than it', {}, { swaps, kubelet: [3600, 60] }, { refused: ['SWAP_ON'] }],
    ['swap that the inventory lets it have', { config: { failSwapOn: false } }, { swaps, kubelet: [0, 0] }, fine],
    ['the same by a flag', { flags: { 'fail-swap-on': false } }, { swaps, kubelet: [0, 0] }, fine],
    ['a file that was not seen', {}, { swaps, flags: '--config=$HOME/k.yaml', kubelet: [0, 0] }, fine],
    [
      'a file that is read later',
      {},
      {
        swaps,
        flags: '--config=/etc/k.yaml --config-dir=/etc/k.d',
        files: { '/etc/k.yaml': `${own}failSwapOn: true\n`, '/etc/k.d/1.conf': `${own}failSwapOn: false\n` },
        kubelet: [0, 0],
      },
      fine,
    ],
    ['drivers that differ', {}, { files: { '/etc/k.yaml': `${own}cgroupDriver: systemd\n` } }, { refused: [differ] }],
    [
      'drivers that differ, and pods run',
      {},
      { files: { '/etc/k.yaml': `${own}cgroupDriver: systemd\n` }, pods: 3 },
      { refused: [], warned: [differ] },
    ],
    [
      'drivers that the inventory makes differ',
      { config: { cgroupDriver: 'systemd' } },
      { pods: 3 },
      { refused: [differ] },
    ],
    [
      'drivers that the inventory makes the same',
      { config: { cgroupDriver: 'cgroupfs' } },
      { files: { '/etc/k.yaml': `${own}cgroupDriver: systemd\n` } },
      fine,
    ],
  ])('%s', (_, more, seen, expected) => {
    expect(judge(more, seen)).toEqual(expected);
  });

  test.each(['systemd/system/kubelet.service.d/90-provision.conf', 'k.yaml', 'containerd/config.toml'])(
    'a kubelet that the run restarts has proved nothing: /etc/%s',
    (path) => {
      expect(judge({}, { swaps }, changing(`/etc/${path}`))).toEqual({ refused: ['SWAP_ON'] });
      expect(judge({}, { swaps }, changing('/etc/hosts'))).toEqual({ refused: [], warned: ['SWAP_ON'] });
    },
  );

  test.each<[string, object, Seen, string]>([
    ['a node that is not Ready may have either', {}, {}, 'Let both use systemd: write `SystemdCgroup = true`'],
    [
      'a Ready one keeps that of its pods',
      { is_ready: true },
      { cgroup: 'kubepods' },
      'Let both use cgroupfs, as this',
    ],
    ['or what its kubelet goes by', { is_ready: true }, {}, 'Let both use systemd, as this'],
  ])('%s', (_, more, seen, way) => {
    const desired = any.schema.parse({ ...wish, ...more });
    const actual = any.parse(print({ files: { '/etc/k.yaml': `${own}cgroupDriver: systemd\n` }, ...seen }), desired);
    expect(() => any.diff(actual, desired, nothingUpcoming)).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ fix: expect.stringContaining(way) })] }),
    );
  });

  test('a field that is given back is not counted', () => {
    const fields = [{ path: ['failSwapOn'], value: false, former: null, made: 0 }];
    const record = look(JSON.stringify({ file: '/etc/k.yaml', fields }));
    const desired = any.schema.parse(wish);
    const seen = print({ swaps, files: { '/etc/k.yaml': `${own}failSwapOn: false\n` }, kubelet: [0, 0] });
    const actual = any.parse(seen.replace(`record ${absent}`, `record ${record}`), desired);
    expect(() => any.diff(actual, desired, nothingUpcoming)).toThrow('SWAP_ON');
  });

  test.each([
    ['a field, where it has a file', '--config=/etc/k.yaml', 'kubelet: { config: { failSwapOn: false } }'],
    ['a flag, where it has none and only ours was looked for', '', 'kubelet: { flags: { fail-swap-on: false } }'],
  ])('the way out is %s', (_, flags, way) => {
    const desired = any.schema.parse(wish);
    const ours = '/etc/provision/kubelet.conf.d/90-provision.conf';
    const seen = print({ swaps, flags, kubelet: [0, 0], files: flags === '' ? {} : { '/etc/k.yaml': own } });
    const output = seen.replace('== the runtime', `config ${base64(ours)} ${base64(ours)} ${absent}\n== the runtime`);
    expect(() => any.diff(any.parse(output, desired), desired, nothingUpcoming)).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ fix: expect.stringContaining(way) })] }),
    );
  });

  test('Docker by its command line', () => {
    const desired = any.schema.parse({ ...wish, runtime: 'docker', runtime_unit: 'docker.service' });
    const docker = [
      `path /etc/docker/daemon.json`,
      `command ${base64('dockerd\n--exec-opt\nnative.cgroupdriver=systemd\n')}`,
    ];
    const output = print({ kubelet: [0, 0] }).replace(
      /(?<=runtime ==\n)[\s\S]*(?=== the host)/,
      `${docker.join('\n')}\n`,
    );
    expect(() => any.diff(any.parse(output, desired), desired, nothingUpcoming)).toThrow(differ);
  });
});
