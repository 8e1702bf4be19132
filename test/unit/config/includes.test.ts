import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parsePlaybook } from '../../../src/config/load-playbook.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { loadContext } from './context.ts';
import { thrownBy } from './shown.ts';

const folder = temporaryFolder();
mkdirSync(join(folder, 'tasks'));
const write = (name: string, text: string) => writeFileSync(join(folder, 'tasks', name), text);
const parse = (tasks: string) =>
  parsePlaybook(
    join(folder, 'up.yaml'),
    `name: up
stages:
  - name: Plugins are there
    hosts: nodes
    tags: [nodes]
    tasks:
${tasks}`,
    loadContext(),
  );
const refusal = (tasks: string) => thrownBy(() => parse(tasks)).replaceAll(`${folder}/`, '');

write('two.yaml', '- { name: b, directory: { path: /b } }\n- { name: c, tags: [own], directory: { path: /c } }\n');
write(
  'wrong.yaml',
  '- name: a\n  directory: { path: /a, mod: "0750" }\n- include: two.yaml\n- { name: b, direktory: {} }\n',
);
write('map.yaml', 'name: a\n');
write('plain.yaml', '- name: a\n  directory: { path: /a }\n- only text\n');
write('text.yaml', '- a: [1\n');

test('an include stands for the tasks of its file, each at its own place', () => {
  const [stage] = parse(`      - { name: a, directory: { path: /a } }
      - include: tasks/two.yaml
      - { name: d, directory: { path: /d } }`).stages;
  expect(stage?.tasks.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  expect(stage?.tasks[2]).toMatchObject({
    tags: ['nodes', 'own'],
    location: { file: join(folder, 'tasks/two.yaml'), line: 2, column: 3 },
  });
});

test('mistakes stand in the file they are in; those of others are told as well', () => {
  expect(
    refusal(`      - { name: a, directory: { path: 1 } }
      - include: tasks/wrong.yaml
      - include: tasks/none.yaml
      - include: [tasks/two.yaml]
      - { include: tasks/two.yaml, when: { motd: hello } }
      - include: tasks/map.yaml
      - include: tasks/text.yaml
      - include: tasks/plain.yaml`).replaceAll(/ENOENT.*/g, 'ENOENT'),
  ).toMatchInlineSnapshot(`
    "✖ CONFIG_INVALID  up.yaml:7:39
      Invalid input: expected string, received number
        7 |       - { name: a, directory: { path: 1 } }
          |                                       ^
      Put it in quotes.
    ✖ CONFIG_UNREADABLE  up.yaml:9:18
      tasks/none.yaml cannot be read
        9 |       - include: tasks/none.yaml
          |                  ^
    ENOENT
      Check the path.
    ✖ CONFIG_INVALID  up.yaml:10:18
      Expected the path of a file with a list of tasks
        10 |       - include: [tasks/two.yaml]
           |                  ^
      Write it as in include: tasks/kubelet.yaml.
    ✖ CONFIG_INVALID  up.yaml:11:36
      An include has nothing beside it, this one has "when"
        11 |       - { include: tasks/two.yaml, when: { motd: hello } }
           |                                    ^
      Write it at each task of the included file.
    ✖ CONFIG_INVALID  tasks/map.yaml:1:1
      Expected a list of tasks
        1 | name: a
          | ^
      Begin each of them with "- name:", and no stage.
    ✖ CONFIG_INVALID  tasks/text.yaml:1:7
      Not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
        1 | - a: [1
          |       ^
      Write the ] that closes it.
    ✖ CONFIG_INVALID  tasks/plain.yaml:3:3
      Expected a task: a map with a name and an operation
        3 | - only text
          |   ^
      Begin it with "- name:".
    ✖ CONFIG_INVALID  tasks/wrong.yaml:2:26
      Unrecognized key: "mod" (did you mean "mode"?)
        2 |   directory: { path: /a, mod: "0750" }
          |                          ^
      Write mode, or take it out; provision help directory has all keys.
    ✖ CONFIG_INVALID  tasks/wrong.yaml:3:3
      A file that is included includes no other one
        3 | - include: two.yaml
          |   ^
      Include it in the playbook.
    ✖ CONFIG_INVALID  tasks/wrong.yaml:4:14
      Unknown operation: "direktory" (did you mean "directory"?)
        4 | - { name: b, direktory: {} }
          |              ^
      Write directory; docs/operations.md has all operations."
  `);
});
