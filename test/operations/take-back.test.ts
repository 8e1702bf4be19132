import { expect, test } from 'vitest';
import { planTasks } from '../../src/engine/plan.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { takeBack } from '../../src/operations/take-back/take-back.ts';
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
  const task = (operation: unknown, value: unknown, text: string) => ({
    task: { name: 'x', operation: operation as HostOperation, desired: value },
    actual: (operation as HostOperation).parse(text, value),
  });
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
