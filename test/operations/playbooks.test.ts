import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfiguration } from '../../src/config/load-configuration.ts';
import { openTemplates } from '../../src/config/template.ts';
import { operations } from '../../src/operations/registry.ts';

const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test('the playbook up fits its operations and the example inventory', () => {
  const { playbook } = loadConfiguration({
    inventory: inPackage('inventory.example.yaml'),
    playbook: inPackage('playbooks/up.yaml'),
    homeFolder: '/root',
    templates: openTemplates(inPackage('templates')),
    operations,
    engineVariables: { node: z.object({ name: z.string(), pod_cidr: z.string(), peers: z.array(z.unknown()) }) },
  });
  expect(playbook.stages.map(({ name }) => name)).toHaveLength(5);
});
