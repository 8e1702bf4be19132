import type { ProvisionError } from '../errors.ts';
import { isMap, mistake } from './check.ts';
import { connectionAliases, connectionSchema, refusedVariables } from './connection.ts';
import type { Layer } from './groups.ts';
import { fixOfKey } from './say-fix.ts';
import { settingsSchema } from './settings.ts';
import type { Path, Source } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

/** Where all keys of an inventory are described. */
export const inventoryPage = 'docs/inventory.md';

const settingKeys = Object.keys(settingsSchema.shape);
const connectionKeys = Object.keys(connectionSchema.shape);

export const isSetting = (key: string): boolean => settingKeys.includes(key);
export const isConnectionKey = (key: string): boolean => connectionKeys.includes(key);

/** The layer with Ansible's other names for connection variables replaced by the ones used here. */
export function withoutAliases(layer: Layer, source: Source, mistakes: ProvisionError[]): Layer {
  const values: Record<string, unknown> = {};
  const written: Record<string, string> = {};
  for (const [key, value] of Object.entries(layer.values)) {
    const canonical = connectionAliases[key];
    if (canonical !== undefined && canonical in layer.values)
      mistakes.push(
        mistake(
          `"${key}" is another name of "${canonical}"`,
          source.locate([...layer.path, key], 'key'),
          'Keep one of them.',
        ),
      );
    values[canonical ?? key] = value;
    if (canonical !== undefined) written[canonical] = key;
  }
  return { path: layer.path, values, written };
}

/** Names that nearly spell a known key and are read by nothing, and `ansible_*` that mean nothing here. */
export function checkNames(layer: Layer, reads: ReadonlySet<string>, source: Source): readonly ProvisionError[] {
  return Object.keys(layer.values).flatMap((key) => {
    if (isSetting(key) || isConnectionKey(key) || key in connectionAliases) return [];
    const where = source.locate([...layer.path, key], 'key');
    if (key.startsWith('ansible_')) {
      const known = [...connectionKeys.filter((one) => one.startsWith('ansible_')), ...Object.keys(connectionAliases)];
      const fix = refusedVariables[key];
      if (fix !== undefined) return [mistake(`"${key}" means nothing here`, where, fix)];
      const meant = nearest(key, known);
      const way = meant === undefined ? `Understood: ${connectionKeys.join(', ')}.` : `Write ${meant}, or take it out.`;
      return [mistake(`Unknown variable of Ansible: "${key}"${didYouMean(key, known)}`, where, way)];
    }
    const known = [...settingKeys, ...connectionKeys];
    const meant = nearest(key, known);
    if (reads.has(key) || meant === undefined) return [];
    return [
      mistake(`Unrecognized key: "${key}"${didYouMean(key, known)}`, where, fixOfKey(known, meant, inventoryPage)),
    ];
  });
}

/** What people mean by the lookups that secrets are mostly written with. */
function insteadOfJinja(text: string): string {
  const [, kind, name] = /lookup\(\s*['"](?:\w+\.)*(env|file)['"]\s*,\s*['"]([^'"]+)['"]/.exec(text) ?? [];
  const secret = kind === undefined ? '{ env: NAME }, { file: PATH } or { age: … }' : `{ ${kind}: ${name} }`;
  return `Write the value itself; playbooks and templates can refer to it by name. A secret may be ${secret}.`;
}

/** What is wrong with a Jinja expression, in quotes or without. */
export const sayJinja = (text: string): { readonly what: string; readonly fix: string } => ({
  what: 'An inventory holds plain values, no Jinja expressions',
  fix: insteadOfJinja(text),
});

const jinja = /\{\{|\{%/;

/** Every string that holds a Jinja expression. */
export function refuseJinja(source: Source): readonly ProvisionError[] {
  const mistakes: ProvisionError[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (typeof value === 'string' && jinja.test(value)) {
      const { what, fix } = sayJinja(value);
      mistakes.push(mistake(what, source.locate(path), fix));
    } else if (Array.isArray(value)) for (const [index, one] of value.entries()) walk(one, [...path, index]);
    else if (isMap(value)) for (const [key, one] of Object.entries(value)) walk(one, [...path, key]);
  };
  walk(source.value, []);
  return mistakes;
}
