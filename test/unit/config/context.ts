import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LoadContext } from '../../../src/config/check-value.ts';
import { parseInventory } from '../../../src/config/inventory.ts';
import { scopeSchema } from '../../../src/config/load-configuration.ts';
import { openTemplates } from '../../../src/config/template.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { inventoryText } from './shown.ts';

const directory = z.strictObject({ path: z.string(), mode: z.string().optional() });
const file = z.strictObject({ path: z.string(), content: z.string(), mode: z.string().default('0644') });
const sysctl = z.strictObject({ settings: z.record(z.string(), z.union([z.string(), z.number()])) });
const unitFlags = z.strictObject({
  unit: z.string(),
  flags: z.record(z.string(), z.string()),
  mtu: z.int().optional(),
});
const datapath = z.strictObject({ image: z.string().nullable() });
const nodeReady = z.strictObject({ seconds: z.int() });

export const operations = new Map<string, { schema: z.ZodType }>([
  ['directory', { schema: directory }],
  ['file', { schema: file }],
  ['sysctl', { schema: sysctl }],
  ['unit_flags', { schema: unitFlags }],
  ['datapath', { schema: datapath }],
  ['node_ready', { schema: nodeReady }],
]);

export const engineVariables = {
  node: z.object({ name: z.string(), pod_cidr: z.string() }),
  facts: z.unknown(),
  peers: z.array(z.object({ address: z.string(), pod_cidr: z.string() })),
};

export function templatesOf(files: Record<string, string>) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { folder, templates: openTemplates(folder) };
}

export function loadContext(templateFiles: Record<string, string> = {}): LoadContext {
  const reads = new Set(['motd', 'disks']);
  const text = inventoryText({ vars: '    motd: hello\n    disks: [a, b]' });
  const inventory = parseInventory('/etc/cluster/inventory.yaml', text, { homeFolder: '/', reads });
  const variables = scopeSchema(reads, engineVariables);
  return { operations, templates: templatesOf(templateFiles).templates, inventory, variables };
}
