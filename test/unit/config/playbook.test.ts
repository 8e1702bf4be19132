import { describe, expect, it } from 'vitest';
import { parsePlaybook } from '../../../src/config/load-playbook.ts';
import { limitTasks } from '../../../src/config/select.ts';
import { loadContext } from './context.ts';
import { thrownBy } from './shown.ts';

const playbook = (tasks: string, stage = 'hosts: nodes') => `name: up
stages:
  - name: Plugins are there
    ${stage}
    tasks:
${tasks}`;
const parse = (text: string) =>
  parsePlaybook('playbooks/bad.yaml', text, loadContext({ 'unit.hbs': 'A={{motd}}\nB={{mtod}}\n' }));
const refusal = (tasks: string, stage?: string) => thrownBy(() => parse(playbook(tasks, stage)));

describe('a good playbook', () => {
  const text = `name: up
description: Gives a cluster its pod network
stages:
  - name: Every Node has a pod range
    hosts: control_plane
    serial: 1
    order: leader-last
    tags: [controller-manager]
    when: { network.agent: static-routes }
    tasks:
      - name: The flags are set
        unit_flags: { unit: "{{ controller_manager.unit }}", flags: { cluster-cidr: "{{ cluster.pod_cidr }}" } }
        tags: [flags]
  - name: Nodes
    hosts: [all, "!control_plane", "node*"]
    serial: [1, 25%]
    protect_ready: true
    tasks:
      - name: "{{ item }} is there"
        loop: "{{ disks }}"
        when: { item: [a, b] }
        directory: { path: "/mnt/{{ item }}" }
  - name: Together
    hosts: nodes
    all_or_none: true
    migration_only: true
    tasks:
      - name: One
        directory: { path: /mnt }
  - name: One by one
    hosts: nodes
    rolling: true
    tasks:
      - name: Usual
        directory: { path: /mnt }
      - name: Of a migration
        migration_only: true
        directory: { path: /mnt }
`;

  it('is read into stages and tasks', () => {
    const { stages, description } = parse(text);
    expect(description).toBe('Gives a cluster its pod network');
    expect(stages).toMatchObject([
      {
        hosts: ['control_plane'],
        serial: [1],
        order: 'leader-last',
        protectReady: false,
        tasks: [
          {
            name: 'The flags are set',
            operation: 'unit_flags',
            tags: ['controller-manager', 'flags'],
            when: [{ variable: ['network', 'agent'], values: ['static-routes'] }],
            location: { line: 11, column: 9 },
          },
        ],
      },
      { serial: [1, '25%'], protectReady: true, tasks: [{ loop: '{{ disks }}', when: [{ values: ['a', 'b'] }] }] },
      { rolling: true, allOrNone: true, tasks: [{ migrationOnly: true }] },
      { rolling: true, allOrNone: false, tasks: [{ migrationOnly: false }, { migrationOnly: true }] },
    ]);
  });

  it('is cut down to the tasks of a tag', () => {
    expect(limitTasks(parse(text), ['flags']).stages.map((stage) => stage.name)).toEqual([
      'Every Node has a pod range',
    ]);
    expect(thrownBy(() => limitTasks(parse(text), ['flag']))).toBe(
      '✖ USAGE\n  --tags: there is no "flag" (did you mean "flags"?)\n  There is: controller-manager, flags.',
    );
  });
});

describe('a bad playbook', () => {
  it('gets a caret and a suggestion', () => {
    expect(refusal('      - name: x\n        directory: { path: /opt/cni, mod: "0750" }')).toBe(
      [
        '✖ CONFIG_INVALID  playbooks/bad.yaml:7:38',
        '  Unrecognized key: "mod" (did you mean "mode"?)',
        '    7 |         directory: { path: /opt/cni, mod: "0750" }',
        '      |                                      ^',
        '  Write mode, or take it out; provision help directory has all keys.',
      ].join('\n'),
    );
  });

  it('hears of everything at once', () => {
    const tasks = `      - name: An unknown operation
        sysctll: {}
      - name: Two operations
        directory: { path: /a }
        file: { path: /b, content: "" }
      - nmae: No name
        directory: { path: /a }
      - name: No operation
      - name: Wrong values
        directory: { path: 1, mode: 0750 }
      - name: Unknown variables
        unit_flags: { unit: "{{ controler_manager.unit }}", flags: { a: "{{ kubelet.unti }}" }, mtu: "{{ network.mtu }}" }
      - name: An expression
        directory: { path: "{{ motd | upper }}" }
      - name: No item
        directory: { path: "/a/{{ item }}" }
      - name: A missing key
        file: { content: x }
      - name: Templates
        file: { path: /x, template: unti.hbs }
      - name: A template with a mistake
        file: { path: /x, template: unit.hbs }
      - name: Never
        when: { network.agent: static-rout, network.agnt: x }
        directory: { path: /x }
      - name: A loop over text
        loop: "a {{ motd }}"
        directory: { path: /x }`;
    expect(refusal(tasks).replaceAll(/\/\S*\/unit.hbs/g, 'unit.hbs')).toMatchInlineSnapshot(`
      "✖ CONFIG_INVALID  playbooks/bad.yaml:7:9
        Unknown operation: "sysctll" (did you mean "sysctl"?)
          7 |         sysctll: {}
            |         ^
        Write sysctl; docs/operations.md has all operations.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:10:9
        A task has one operation, this one has "directory" and "file"
          10 |         file: { path: /b, content: "" }
             |         ^
        Make two tasks of it.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:11:9
        Unrecognized key: "nmae" (did you mean "name"?)
          11 |       - nmae: No name
             |         ^
        Write name, or take it out; docs/playbooks.md has all keys.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:13:9
        A task without an operation
          13 |       - name: No operation
             |         ^
        Say what the hosts should have; docs/operations.md has all operations.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:15:28
        Invalid input: expected string, received number
          15 |         directory: { path: 1, mode: 0750 }
             |                            ^
        Put it in quotes.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:15:37
        Invalid input: expected string, received number
          15 |         directory: { path: 1, mode: 0750 }
             |                                     ^
        Put it in quotes.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:17:29
        Unknown variable: "controler_manager" (did you mean "controller_manager"?)
          17 |         unit_flags: { unit: "{{ controler_manager.unit }}", flags: { a: "{{ kubelet.unti }}" }, mtu: "{{ network.mtu }}" }
             |                             ^
        Write controller_manager; docs/playbooks.md says what can be named.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:17:73
        Unknown variable: "kubelet.unti" (did you mean "kubelet.unit"?)
          17 |         unit_flags: { unit: "{{ controler_manager.unit }}", flags: { a: "{{ kubelet.unti }}" }, mtu: "{{ network.mtu }}" }
             |                                                                         ^
        Write kubelet.unit; docs/playbooks.md says what can be named.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:19:28
        Only names of variables can stand between braces
          19 |         directory: { path: "{{ motd | upper }}" }
             |                            ^
        Write {{ name }} or {{ section.name }}; there are no filters, helpers or statements.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:21:28
        Unknown variable: "item"
          21 |         directory: { path: "/a/{{ item }}" }
             |                            ^
        Give the task a loop, for whose items it stands; docs/playbooks.md says what can be named.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:23:9
        Missing key: "path"
          23 |         file: { content: x }
             |         ^
        Add path; provision help file has all keys.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:25:37
        There is no template "unti.hbs" (did you mean "unit.hbs"?)
          25 |         file: { path: /x, template: unti.hbs }
             |                                     ^
        Write unit.hbs, or put this one there.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:29:17
        "network.agent" is never "static-rout" (did you mean "static-routes"?)
          29 |         when: { network.agent: static-rout, network.agnt: x }
             |                 ^
        Write static-routes.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:29:45
        Unknown variable: "network.agnt" (did you mean "network.agent"?)
          29 |         when: { network.agent: static-rout, network.agnt: x }
             |                                             ^
        Write network.agent; docs/playbooks.md says what can be named.
      ✖ CONFIG_INVALID  playbooks/bad.yaml:32:15
        A loop goes over a list, or over one variable: "{{ some.list }}"
          32 |         loop: "a {{ motd }}"
             |               ^
        Write the list, or one variable and nothing beside it.
      ✖ CONFIG_INVALID  unit.hbs:2:5
        Unknown variable: "mtod" (did you mean "motd"?)
          2 | B={{mtod}}
            |     ^
        Write motd; docs/playbooks.md says what can be named."
    `);
  });

  it('has a task that is text at its own line', () => {
    expect(refusal('      - name: x\n        directory: { path: /a }\n      - only text')).toBe(
      [
        '✖ CONFIG_INVALID  playbooks/bad.yaml:8:9',
        '  Expected a task: a map with a name and an operation',
        '    8 |       - only text',
        '      |         ^',
        '  Write a map.',
      ].join('\n'),
    );
  });

  it.each([
    ['hosts: workers', 'playbooks/bad.yaml:4:12\n  No group or host is called "workers"'],
    ['hosts: [all, "!node"]', 'playbooks/bad.yaml:4:18\n  No group or host is called "node" (did you mean "nodes"?)'],
    ['hosts: all\n    serial: 30 %', 'playbooks/bad.yaml:5:13\n  Not a batch size'],
    ['hosts: all\n    seriel: 3', 'playbooks/bad.yaml:5:5\n  Unrecognized key: "seriel" (did you mean "serial"?)'],
    [
      'hosts: all\n    serial: 2\n    all_or_none: true',
      'playbooks/bad.yaml:5:5\n  A stage with all_or_none has one batch, so serial means nothing',
    ],
    ['hosts: all\n    when: { cluster: { a: 1 } }', 'playbooks/bad.yaml:5:22\n  Invalid input'],
  ])('%s', (stage, expected) => {
    expect(refusal('      - name: x\n        directory: { path: /a }', stage)).toContain(expected);
  });
});
