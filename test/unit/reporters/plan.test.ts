import { expect, test } from 'vitest';
import type { Change, RunEvent } from '../../../src/events.ts';
import { createPaint } from '../../../src/reporters/paint.ts';
import { createPlanLines } from '../../../src/reporters/plan-lines.ts';
import { createReporter } from '../../../src/reporters/reporter.ts';
import { Screen } from './screen.ts';

const nodes = Array.from({ length: 48 }, (_, index) => `node${String(index + 1).padStart(2, '0')}`);
const flagsOf = (node: string, ...more: string[]) =>
  [`--hostname-override=${node}`, '--v=2', ...more].map((word) => `${word}\n`).join('');

const kubelet = { stage: 'Nodes have a pod network', position: 1, task: 'The kubelet has the flags of the inventory' };
const flagChange = (node: string): Change => ({
  subject: 'kubelet.service',
  action: 'set flags by 90-provision.conf',
  before: flagsOf(node, '--max-pods=110', '--a=1', '--b=2'),
  after: flagsOf(node, '--max-pods=77', '--a=1', '--b=2'),
});
const route = (cidr: string): Change => ({ subject: `route ${cidr}`, action: 'via 10.0.0.9 (node09)' });

const batches = [['node01'], nodes.slice(1, 13), nodes.slice(13)];
const plan: RunEvent[] = [
  { type: 'stage-planned', stage: 'A stage with nothing to do', hosts: ['cp1'], batches: [] },
  {
    type: 'task-planned',
    stage: 'A stage with nothing to do',
    position: 1,
    task: 'Flags are set',
    hosts: ['cp1'],
    status: 'ok',
    changes: [],
  },
  { type: 'stage-planned', stage: kubelet.stage, hosts: nodes, batches },
  ...batches.flatMap((hosts, index): RunEvent[] => [
    ...hosts.map(
      (node): RunEvent => ({
        type: 'task-planned',
        batch: index + 1,
        ...kubelet,
        hosts: [node],
        status: 'change',
        changes: [flagChange(node), ...(node === 'node09' ? [] : [route('10.5.9.0/24')])],
        ...(index === 0 && { uploads: [{ artifact: '/srv/cni.tgz', bytes: 20_600_000 }] }),
      }),
    ),
    {
      type: 'task-planned',
      batch: index + 1,
      stage: kubelet.stage,
      position: 3,
      task: 'Nodes are Ready',
      hosts,
      status: 'wait',
      changes: hosts.map((node) => ({ subject: `Node ${node}`, action: 'stays Ready' })),
      irreversible: 'a test',
    },
  ]),
  {
    type: 'task-planned',
    stage: kubelet.stage,
    position: 2,
    task: 'Routes are there',
    hosts: ['node01'],
    status: 'unknown',
    changes: [],
    until: 'after every Node has a podCIDR',
  },
  {
    type: 'plan-finished',
    status: 'due',
    seconds: 3.21,
    hosts: nodes.map((host) => ({ host, changes: 1, unknown: host === 'node01' ? 1 : 0, commands: 2 })),
  },
];

function text(events: readonly RunEvent[], verbose = false): string {
  const lines = createPlanLines({ stream: new Screen(), color: false, verbose }, createPaint(false));
  return events.flatMap(lines).join('\n');
}

test('what is the same on many hosts is told once', () => {
  expect(text(plan)).toMatchInlineSnapshot(`
    "
    == Nodes have a pod network (48 hosts)
    -- batch 1: node01
    -- batch 2: node[02:13]
    -- batch 3: node[14:48]
    change   The kubelet has the flags of the inventory · node[01:48]
        upload cni.tgz (20.6 MB) · node01
        kubelet.service: set flags by 90-provision.conf
          - --max-pods=110
          + --max-pods=77
        route 10.5.9.0/24: via 10.0.0.9 (node09) · node[01:08], node[10:48]
    later    Routes are there (known after every Node has a podCIDR) · node01
    wait     Nodes are Ready · node[01:48]
        Node node[01:48]: stays Ready
        cannot be taken back: a test

    cannot be taken back:
      Nodes are Ready: a test
    plan: 48 changes on 48 of 48 hosts, 1 task known later; nothing was changed (2 commands each, 3.2 s)"
  `);
});

test('tasks are in the order of their stage, whatever the first batch has to do', () => {
  const told = (batch: number, position: number, status: 'change' | 'ok'): RunEvent => ({
    type: 'task-planned',
    stage: 's',
    batch,
    position,
    task: `task ${position}`,
    hosts: [`node${batch}`],
    status,
    changes: status === 'ok' ? [] : [{ subject: '/etc/x', action: 'create' }],
  });
  const events: RunEvent[] = [
    { type: 'stage-planned', stage: 's', hosts: ['node1', 'node2'], batches: [['node1'], ['node2']] },
    ...[told(1, 1, 'ok'), told(1, 2, 'change'), told(2, 1, 'change'), told(2, 2, 'change')],
    { type: 'plan-finished', status: 'due', seconds: 1, hosts: [] },
  ];
  expect(text(events).match(/^change.*/gm)).toEqual(['change   task 1 · node2', 'change   task 2 · node1, node2']);
});

test('tasks of a loop, and changes of a task, are in an order that is right for every host', () => {
  const told = (host: string, task: string, actions: readonly string[]): RunEvent => ({
    type: 'task-planned',
    stage: 's',
    position: 1,
    task,
    hosts: [host],
    status: 'change',
    changes: actions.map((subject) => ({ subject, action: 'take back' })),
  });
  const events: RunEvent[] = [
    { type: 'stage-planned', stage: 's', hosts: ['cp1', 'node1', 'node2'], batches: [['cp1', 'node1', 'node2']] },
    ...[told('cp1', 'b', ['peers', 'range']), told('cp1', 'c', ['x'])],
    ...[told('node1', 'a', ['x']), told('node1', 'b', ['routes', 'range']), told('node1', 'c', ['x'])],
    ...[told('node2', 'a', ['x']), told('node2', 'b', ['routes', 'peers', 'range'])],
    { type: 'plan-finished', status: 'due', seconds: 1, hosts: [] },
  ];
  expect(text(events).match(/^change.*/gm)).toEqual([
    'change   a · node1, node2',
    'change   b · cp1, node1, node2',
    'change   c · cp1, node1',
  ]);
  expect(text(events).match(/^ {4}(routes|peers|range).*/gm)).toEqual([
    '    routes: take back · node1, node2',
    '    peers: take back · cp1, node2',
    '    range: take back',
  ]);
});

test('lines that are not the same on all hosts: the first ones, with --verbose all', () => {
  const told = (node: string, line: string): RunEvent => ({
    type: 'task-planned',
    stage: 's',
    position: 1,
    task: 't',
    hosts: [node],
    status: 'change',
    changes: [{ subject: '/etc/peers', action: 'write', before: '', after: `${line}\n` }],
  });
  const events: RunEvent[] = [
    { type: 'stage-planned', stage: 's', hosts: ['a', 'b', 'c'], batches: [['a', 'b', 'c']] },
    told('a', 'one'),
    told('b', 'two'),
    told('c', 'two'),
    { type: 'plan-finished', status: 'due', seconds: 1, hosts: [] },
  ];
  expect(text(events)).toContain('      a:\n      + one\n      likewise, with other lines, on 2 hosts (see --verbose)');
  expect(text(events, true)).toContain('      a:\n      + one\n      b, c:\n      + two\n');
});

test('a plan with nothing to do is one line, verbose names what is right', () => {
  const events: RunEvent[] = [
    ...plan.slice(0, 2),
    { type: 'plan-finished', status: 'ok', seconds: 1, hosts: [{ host: 'cp1', changes: 0, unknown: 0, commands: 2 }] },
  ];
  expect(text(events)).toBe('\nok: nothing to do on 1 host (2 commands, 1.0 s)');
  expect(text(events, true)).toContain('ok       Flags are set · cp1');
});

test.each([true, false])('on a terminal or not, the plan is the same text (%s)', async (isTerminal) => {
  const stream = new Screen();
  const display = createReporter({
    output: 'text',
    isTerminal,
    color: false,
    verbose: false,
    stream,
    redact: (text) => text,
  });
  display.show({ type: 'run-started', run: 'r', command: 'plan', hosts: nodes });
  for (const event of plan) display.show(event);
  await display.close();
  expect(stream.lines.join('\n')).toContain(text(plan));
});
