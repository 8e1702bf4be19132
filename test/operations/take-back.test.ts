import { expect, test } from 'vitest';
import { planTasks } from '../../src/engine/plan.ts';
import { staticRoutes } from '../../src/operations/network/static-routes.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { stepTitle, takeBack } from '../../src/operations/take-back/take-back.ts';
import { service } from '../../src/operations/units/service.ts';

const sha256 = 'ab'.repeat(32);
const step = 'step 0002 {"stage":"nodes","task":"flags"}';
const output = `${step}
step 0001 {"stage":"control plane","task":"flags"}
file 0002 absent /etc/a drop-in.conf
file 0002 file:644:0:0:${sha256} /etc/config
file 0002 link:${sha256} /etc/link
file 0001 absent /etc/other
`;
const wish = (stage: string) => takeBack.schema.parse({ run: 'r', stage, force: false, expected: true });

const written = (stage: string, text = output) =>
  takeBack.writes?.(wish(stage), takeBack.parse(text, wish(stage)) as never);

test('what a stage takes back writes the files of before, where they are plain ones', () => {
  expect(written('nodes')).toEqual([
    { path: '/etc/a drop-in.conf', sha256: null },
    { path: '/etc/config', sha256 },
  ]);
  expect(written('control plane')).toEqual([{ path: '/etc/other', sha256: null }]);
  // its step has gone, so the file is as before by now, or somebody's
  expect(written('nodes', output.replace(`${step}\n`, ''))).toEqual([]);
});

const task = (operation: unknown, value: unknown, text: string) => ({
  task: { name: 'x', operation: operation as HostOperation, desired: value },
  actual: (operation as HostOperation).parse(text, value),
});

test('a service is planned to be restarted with the files that come back, once', () => {
  const unit = (properties: string) => `LoadState loaded
ActiveState active
UnitFileState enabled
InvocationID p1
clock 2000.0 1500.00
boot b
stamp-process p1
stamp-file ${'cd'.repeat(32)} /etc/config
watched 900 ${'cd'.repeat(32)} /etc/config
${properties}`;
  const desired = (more: object) =>
    service.schema.parse({ unit: 'kubelet.service', state: 'running', restart_after: ['/etc/config'], ...more });
  const planned = planTasks([
    task(takeBack, wish('nodes'), output),
    task(service, desired({}), unit('')),
    task(service, desired({ command_line: true }), unit('')),
  ]);
  expect(planned.map(({ changes }) => changes.map(({ subject, action }) => `${subject}: ${action}`))).toEqual([
    ['flags: take back'],
    ['kubelet.service: restart: /etc/config changed'],
    [],
  ]);
});

test('a unit that a step stops is planned to be started again, whatever the files are', () => {
  const wanted = staticRoutes.schema.parse({ cluster_cidr: '10.5.0.0/16', peers: [], masquerade: false });
  const stops = staticRoutes.undoStops?.(staticRoutes.parse('', wanted), wanted) ?? [];
  const script = (staticRoutes.undo as Extract<typeof staticRoutes.undo, (...args: never) => unknown>)(
    staticRoutes.parse('', wanted),
    wanted,
  ).source;
  expect(script).toContain(`systemctl stop ${stops.join(' ')} `);
  const text = `step 0003 ${stepTitle({ stage: 'nodes', task: 'routes', stops })}\n${output}`;
  const timer = service.schema.parse({ unit: 'provision-static-routes.timer', state: 'running' });
  const runs = 'LoadState loaded\nActiveState active\nclock 2000.0 1500.00\nboot b\n';
  const plan = (stage: string) =>
    planTasks([task(takeBack, wish(stage), text), task(service, timer, runs)]).map(({ changes }) =>
      changes.map(({ subject, action }) => `${subject}: ${action}`),
    );
  expect(plan('nodes')).toEqual([['routes: take back', 'flags: take back'], ['provision-static-routes.timer: start']]);
  expect(plan('control plane')).toEqual([['flags: take back'], []]);
});

test.each([
  [
    ['/etc/config'],
    'Compare it with the copy of before the run, /var/lib/provision/undo/r/files/etc/config on the host; --force overwrites it and keeps a copy of what it is now.',
  ],
  [['/etc/a drop-in.conf'], expect.stringMatching(/^See what it is for: before the run there was none; --force /)],
  [
    ['/etc/config', '/etc/link'],
    'Compare them with the copies of before the run, /var/lib/provision/undo/r/files/PATH on the host; --force overwrites them and keeps copies of what they are now.',
  ],
  [
    ['/etc/config', '/etc/a drop-in.conf'],
    expect.stringContaining('the copy of before the run, /var/lib/provision/undo/r/files/etc/config '),
  ],
])('of changed files it says where they are as before the run: %j', (paths, fix) => {
  const drift = paths.map((path) => `drift 0002 file:644:0:0:${'cd'.repeat(32)} absent - ${path}\n`).join('');
  const actual = takeBack.parse(output + drift, wish('nodes'));
  expect(() => takeBack.diff(actual, wish('nodes'), { files: new Map() })).toThrow(
    expect.objectContaining({ code: 'DRIFTED', fix }),
  );
});
