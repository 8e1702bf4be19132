import { z } from 'zod';
import type { OneOffSetting } from '../events.ts';
import { isMap } from './check.ts';
import { compareOneOffs } from './compare-one-offs.ts';
import { hasExpression, variablesIn } from './expression.ts';
import type { Host, Inventory } from './host.ts';
import { openIncludes } from './includes.ts';
import { loadInventory } from './inventory.ts';
import { parsePlaybook } from './load-playbook.ts';
import { parseOneOffs } from './one-off.ts';
import type { Playbook } from './playbook.ts';
import { readConfigFile } from './read-config-file.ts';
import { unwrapSchema } from './schema-walk.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { parseSource } from './source.ts';
import { checkTakenOut } from './taken-out.ts';
import type { Templates } from './template.ts';

export interface ConfigurationFiles {
  readonly inventory: string;
  readonly playbook: string;
  /** What `~/` in a path of the inventory stands for. */
  readonly homeFolder: string;
  /** Told of every secret that stands in the inventory as it is. */
  readonly hide?: (secret: string) => void;
  readonly templates: Templates;
  readonly operations: ReadonlyMap<string, { readonly schema: z.ZodType }>;
  /** One-off settings, each as KEY=VALUE. */
  readonly set?: readonly string[];
  /** Names that the engine adds to the scope of a task, with their shapes: facts, node, … */
  readonly engineVariables: z.core.$ZodShape;
}

/** Reads and checks an inventory and a playbook against each other; touches no host. */
export function loadConfiguration(files: ConfigurationFiles): {
  readonly inventory: Inventory;
  readonly playbook: Playbook;
  /** What one-off settings are about, for a run on these hosts. */
  readonly compareSet: (hosts: readonly string[]) => readonly OneOffSetting[];
} {
  const oneOffs = parseOneOffs(files.set ?? []);
  const text = readConfigFile(files.playbook);
  const source = parseSource(files.playbook, text);
  const included = [...openIncludes(source).sources.values()];
  const reads = variablesRead(
    [source, ...included].map(({ value }) => value),
    files.templates,
  );
  const options = { homeFolder: files.homeFolder, reads, ...(files.hide && { hide: files.hide }) };
  // right by itself first: what it says is what the next run without --set goes by
  const before = loadInventory(files.inventory, options);
  const notThere = checkTakenOut(oneOffs, before);
  const after = oneOffs.length === 0 ? before : loadInventory(files.inventory, { ...options, oneOffs });
  const inventory: Inventory = { ...after, warnings: [...after.warnings, ...notThere] };
  const free = inventory.hosts.flatMap((host) => Object.keys(host.variables));
  const variables = scopeSchema(free, files.engineVariables);
  const { operations, templates } = files;
  return {
    inventory,
    playbook: parsePlaybook(files.playbook, text, { operations, templates, inventory, variables }),
    compareSet: (hosts) => compareOneOffs(oneOffs, before, inventory, hosts),
  };
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

/** The first names of all variables that files of a playbook and their templates mention. */
function variablesRead(files: unknown, templates: Templates): ReadonlySet<string> {
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
  walk(files);
  return names;
}
