import { z } from 'zod';
import { isMap } from './check.ts';
import { hasExpression, variablesIn } from './expression.ts';
import type { Host, Inventory } from './host.ts';
import { loadInventory } from './inventory.ts';
import { parsePlaybook } from './load-playbook.ts';
import type { Playbook } from './playbook.ts';
import { readConfigFile } from './read-config-file.ts';
import { unwrapSchema } from './schema-walk.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { parseSource } from './source.ts';
import type { Templates } from './template.ts';

export interface ConfigurationFiles {
  readonly inventory: string;
  readonly playbook: string;
  /** What `~/` in a path of the inventory stands for. */
  readonly homeFolder: string;
  readonly templates: Templates;
  readonly operations: ReadonlyMap<string, { readonly schema: z.ZodType }>;
  /** Names that the engine adds to the scope of a task, with their shapes: facts, node, … */
  readonly engineVariables: z.core.$ZodShape;
}

/** Reads and checks an inventory and a playbook against each other; touches no host. */
export function loadConfiguration(files: ConfigurationFiles): { inventory: Inventory; playbook: Playbook } {
  const text = readConfigFile(files.playbook);
  const reads = variablesRead(parseSource(files.playbook, text).value, files.templates);
  const inventory = loadInventory(files.inventory, { homeFolder: files.homeFolder, reads });
  const free = inventory.hosts.flatMap((host) => Object.keys(host.variables));
  const variables = scopeSchema(free, files.engineVariables);
  const { operations, templates } = files;
  return { inventory, playbook: parsePlaybook(files.playbook, text, { operations, templates, inventory, variables }) };
}

/** The shape of the scope that `hostScope` and the engine make together. */
export function scopeSchema(freeVariables: Iterable<string>, engineVariables: z.core.$ZodShape): z.ZodObject {
  const free = Object.fromEntries([...freeVariables].map((name) => [name, z.unknown()]));
  const host = z.object({ name: z.string(), address: z.string(), groups: z.array(z.string()) });
  return z.object({ ...free, ...settingsSchema.shape, host, ...engineVariables });
}

/** Settings and variables of the host; settings that are not set are null, so that templates can ask for them. */
type HostScope = Settings & { readonly host: { name: string; address: string; groups: readonly string[] } };

/** What a task sees of its host before the engine adds facts. */
export function hostScope(host: Host): HostScope {
  const { name, groups, connection } = host;
  return {
    ...host.variables,
    ...(withNulls(settingsSchema, host.settings) as Settings),
    host: { name, address: connection.address, groups },
  };
}

function withNulls(schema: z.ZodObject, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shape: Record<string, z.core.$ZodType> = schema.shape;
  const unset = Object.keys(shape).filter((key) => value[key] === undefined);
  const filled = Object.entries(value).map(([key, one]) => {
    const inner = shape[key] && unwrapSchema(shape[key]);
    return [key, inner instanceof z.ZodObject && isMap(one) ? withNulls(inner, one) : one];
  });
  return { ...Object.fromEntries(unset.map((key) => [key, null])), ...Object.fromEntries(filled) };
}

/** The first names of all variables that a playbook and its templates mention. */
function variablesRead(playbook: unknown, templates: Templates): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (paths: readonly (readonly string[])[]): void => {
    for (const [root] of paths) if (root !== undefined) names.add(root);
  };
  const walk = (value: unknown): void => {
    if (typeof value === 'string' && hasExpression(value)) add(variablesIn(value) ?? []);
    if (Array.isArray(value)) for (const one of value) walk(one);
    if (!isMap(value)) return;
    const { when, template } = value;
    if (isMap(when)) add(Object.keys(when).map((name) => name.split('.')));
    if (typeof template === 'string' && templates.has(template))
      add(templates.variables(template).map(({ path }) => path));
    for (const one of Object.values(value)) walk(one);
  };
  walk(playbook);
  return names;
}
