import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadInventory } from '../../../src/config/inventory.ts';
import { loadConfiguration } from '../../../src/config/load-configuration.ts';
import { engineVariables, operations, templatesOf } from './context.ts';
import { inventoryText, thrownBy } from './shown.ts';

const load = (vars: string, task: string) => {
  const { folder, templates } = templatesOf({ 'motd.hbs': '{{#each peers}}{{address}} {{@root.motd}}{{/each}}' });
  writeFileSync(join(folder, 'inventory.yaml'), inventoryText({ vars }));
  const text = `name: up\nstages:\n  - name: s\n    hosts: all\n    tasks:\n      - name: t\n        ${task}\n`;
  writeFileSync(join(folder, 'up.yaml'), text);
  const files = { inventory: join(folder, 'inventory.yaml'), playbook: join(folder, 'up.yaml') };
  return loadConfiguration({ ...files, homeFolder: '/', templates, operations, engineVariables });
};

it('counts what templates, values and conditions read', () => {
  const vars = '    motd: a\n    clustre: b\n    zone: c\n    other: d';
  const task = 'when: { zone: c }\n        file: { path: "/{{ clustre }}", template: motd.hbs }';
  expect(load(vars, task).inventory.warnings.map((warning) => warning.replace(/^.*:(\d+:\d+)/, '$1'))).toEqual([
    '8:5 the variable "other" is read by nothing',
  ]);
});

it('takes a variable that nothing reads for a misspelt key', () => {
  expect(thrownBy(() => load('    clustre: b', 'file: { path: /a, content: "" }'))).toContain(
    'Unrecognized key: "clustre" (did you mean "cluster"?)',
  );
});

it('says which file cannot be read', () => {
  expect(thrownBy(() => loadInventory('/nowhere/inventory.yaml', { homeFolder: '/' }))).toContain(
    '✖ CONFIG_UNREADABLE\n  /nowhere/inventory.yaml cannot be read',
  );
});

it('accepts the example', () => {
  const file = new URL('../../../inventory.example.yaml', import.meta.url).pathname;
  const { hosts, warnings } = loadInventory(file, { homeFolder: '/home/op' });
  expect(hosts.map(({ name }) => name)).toEqual(['master1', 'node1', 'node2']);
  expect(warnings).toEqual([]);
});
