import { expect, test } from 'vitest';
import { service } from '../../src/operations/units/service.ts';
import { base64, changesOf } from './case.ts';

const conf = '/etc/containerd/config.toml';
const wish = { unit: 'containerd.service', state: 'running', restart_after: [conf] };

interface Seen {
  readonly properties?: Readonly<Record<string, string>>;
  readonly hash?: string;
  /** Seconds since 1970; the process started at 1000. */
  readonly changedAt?: number;
  readonly stamp?: readonly string[];
}

const seen = ({ properties = {}, hash = 'aaa', changedAt = 900, stamp = [] }: Seen): string =>
  [
    ...Object.entries({
      LoadState: 'loaded',
      ActiveState: 'active',
      UnitFileState: 'enabled',
      NeedDaemonReload: 'no',
      InvocationID: 'p1',
      ExecMainStartTimestampMonotonic: '500000000',
      ...properties,
    }).map(([key, value]) => `${key} ${value}`),
    'clock 2000.0 1500.00',
    'boot b',
    ...stamp.map((line) => `stamp-${line}`),
    `watched ${changedAt} ${hash} ${conf}`,
    '',
  ].join('\n');

const upcoming = (sha256: string | null) => ({ files: new Map([[conf, sha256]]) });
const restart = `containerd.service: restart: ${conf} changed`;

test.each<[string, Seen, ReturnType<typeof upcoming> | undefined, readonly string[]]>([
  ['set up by hand, older file', {}, undefined, []],
  ['file newer than the process', { changedAt: 1001 }, undefined, [restart]],
  ['file written right before the start', { changedAt: 1000.01 }, undefined, []],
  [
    'newer file that this process was started with',
    { changedAt: 1001, stamp: ['process p1', `file aaa ${conf}`] },
    undefined,
    [],
  ],
  [
    'other content than stamped, whatever its time',
    { hash: 'bbb', stamp: ['process p1', `file aaa ${conf}`] },
    undefined,
    [restart],
  ],
  ['stamp of an earlier process', { hash: 'bbb', stamp: ['process p0', `file aaa ${conf}`] }, undefined, []],
  ['the same content is about to be written', {}, upcoming('aaa'), []],
  ['other content is about to be written', {}, upcoming('bbb'), [restart]],
  [
    'about to be written back to what was stamped',
    { hash: 'bbb', stamp: ['process p1', `file aaa ${conf}`] },
    upcoming('aaa'),
    [],
  ],
  ['about to be removed', {}, upcoming(null), [`containerd.service: restart: ${conf} was removed`]],
  ['never there', { hash: 'absent', changedAt: 1500 }, undefined, []],
  [
    'removed by a run that died before the restart, reboot in between',
    { hash: 'absent', changedAt: 1500, stamp: ['process p0', `file aaa ${conf}`] },
    undefined,
    [`containerd.service: restart: ${conf} was removed`],
  ],
  [
    'unit changed on disk',
    { properties: { NeedDaemonReload: 'yes' } },
    undefined,
    ['containerd.service: restart: its unit changed on disk'],
  ],
  ['not running', { properties: { ActiveState: 'failed' } }, undefined, ['containerd.service: start']],
  ['masked', { properties: { LoadState: 'masked' } }, undefined, ['UNIT_MASKED']],
  ['not there', { properties: { LoadState: 'not-found' } }, undefined, ['UNIT_NOT_FOUND']],
])('%s', (_name, state, coming, changes) => {
  expect(changesOf(service, wish, seen(state), coming)).toEqual(changes);
});

test('a unit that an earlier task writes may be missing', () => {
  const files = new Map([['/etc/systemd/system/containerd.service', 'ccc']]);
  const output = seen({ properties: { LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '' } });
  expect(changesOf(service, { ...wish, enabled: true }, output, { files })).toEqual([
    'containerd.service: start at boot',
    'containerd.service: start',
  ]);
});

const unitText = `# /etc/systemd/system/kubelet.service
[Service]
Environment=EXTRA=--v=2
ExecStart=/usr/bin/taskset -c 0 /opt/k8s/bin/kubelet $OPTS $EXTRA --node-ip=%H
`;
const command = (running: string, { opts = '--max-pods=90' as string | null, texts = 't1', text = unitText } = {}) => [
  'hostname node-1',
  `unit ${base64(opts === null ? text : text.replace('EXTRA=', `OPTS=${opts} EXTRA=`))}`,
  `running ${base64(running === '' ? '' : `${running.replaceAll(' ', '\0')}\0`)}`,
  `texts ${texts}`,
];
const kubelet = '/opt/k8s/bin/kubelet --max-pods=90 --v=2 --node-ip=node-1';

test.each<[string, readonly string[], readonly string[], boolean]>([
  ['the same words', command(kubelet), [], false],
  ['another value', command(kubelet.replace('90', '80')), [], true],
  ['a word that its files have no more', command(`${kubelet} --seccomp-default`), [], true],
  [
    'a variable that no file sets: what is there may come from it',
    command(`${kubelet} --x`, { opts: null }),
    [],
    false,
  ],
  ['and what its files do say is missing', command(kubelet.replace('--v=2', '--v=1'), { opts: null }), [], true],
  ['something else runs in its place', command('/usr/bin/wrapper kubelet'), [], false],
  [
    'a specifier that is not resolved',
    command(kubelet.replace('node-1', 'x'), { text: unitText.replace('%H', '%m') }),
    [],
    false,
  ],
  [
    'a script',
    command('/bin/sh /start.sh', { text: '# /etc/systemd/system/a.service\n[Service]\nExecStart=/start.sh\n' }),
    [],
    false,
  ],
  ['we started it from these very texts', command('/opt/k8s/bin/kubelet'), ['process p1', 'texts t1'], false],
  ['we started it from other texts', command('/opt/k8s/bin/kubelet'), ['process p1', 'texts t0'], true],
  ['we started an earlier one from these texts', command('/opt/k8s/bin/kubelet'), ['process p0', 'texts t1'], true],
])('command line: %s', (_name, lines, stamp, isDue) => {
  const output = `${seen({ stamp })}${lines.join('\n')}\n`;
  const changes = changesOf(service, { unit: 'containerd.service', state: 'running', command_line: true }, output);
  expect(changes).toEqual(
    isDue ? ['containerd.service: restart: it runs with another command line than its unit says'] : [],
  );
});

test('one that a task before stops is started again, once', () => {
  const stopped = { files: new Map(), stopped: new Set([wish.unit]) };
  expect(changesOf(service, wish, seen({}), stopped)).toEqual(['containerd.service: restart: it is stopped before']);
  expect(changesOf(service, { unit: wish.unit }, seen({}), stopped)).toEqual([]);
  const down = seen({ properties: { ActiveState: 'inactive' } });
  expect(changesOf(service, wish, down, stopped)).toEqual(['containerd.service: start']);
});

test('one that is down by the time a later stage looks is started there, and need not be stopped', () => {
  const down = { files: new Map([[conf, null]]), down: new Set([wish.unit]) };
  expect(changesOf(service, wish, seen({}), down)).toEqual(['containerd.service: start']);
  expect(changesOf(service, { unit: wish.unit, state: 'stopped' }, seen({}), down)).toEqual([]);
});

test('a step that stops a unit says so: where the run had started it', () => {
  const stops = (properties: Record<string, string>, state?: string) => {
    const desired = service.schema.parse({ unit: wish.unit, state });
    return service.undoStops?.(service.parse(seen({ properties }), desired), desired);
  };
  expect(stops({ ActiveState: 'inactive' }, 'running')).toEqual([wish.unit]);
  expect(stops({}, 'running')).toEqual([]);
  expect(stops({ ActiveState: 'inactive' })).toEqual([]);
});

test('one that a task before has started anew is restarted again for files alone that come after it', () => {
  const other = '/etc/other';
  const output = seen({ changedAt: 1001, properties: { ActiveState: 'inactive' } });
  const after = (files: ReadonlyMap<string, string | null>) => ({
    ...upcoming('bbb'),
    started: new Map([['containerd.service', files]]),
  });
  expect(changesOf(service, wish, output, after(upcoming('bbb').files))).toEqual([]);
  expect(changesOf(service, wish, output, after(new Map([[other, null]])))).toEqual([restart]);
  expect(changesOf(service, wish, output, { ...upcoming('bbb'), started: new Map() })).toEqual([
    'containerd.service: start',
  ]);
  const desired = service.schema.parse(wish);
  const starts = (...actions: string[]) =>
    service.starts?.(
      desired,
      actions.map((action) => ({ subject: wish.unit, action })),
    );
  expect(starts('start at boot')).toEqual([]);
  expect(starts('stop')).toEqual([]);
  expect(starts('start at boot', 'start')).toEqual([wish.unit]);
  expect(starts('restart: its unit changed on disk')).toEqual([wish.unit]);
});
