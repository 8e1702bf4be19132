import { parse, type TomlTable } from 'smol-toml';
import { ProvisionError } from '../errors.ts';
import { scanToml } from './toml-scanner.ts';
import { atLeast } from './versions.ts';

export interface CniDirectories {
  readonly binDir: string;
  readonly confDir: string;
}

export const defaultCniDirectories: CniDirectories = { binDir: '/opt/cni/bin', confDir: '/etc/cni/net.d' };

export interface ContainerdCni {
  /** 1 for a file without a `version`; undefined for no file. */
  readonly version: number | undefined;
  /** The table that holds the CNI keys in a file of this version. */
  readonly table: readonly string[];
  readonly binDirs: readonly string[] | undefined;
  readonly confDir: string | undefined;
  /** Files that may replace the whole plugin section: compare with `containerd config dump`. */
  readonly imports: readonly string[];
}

const tables: Readonly<Record<number, readonly string[]>> = {
  1: ['plugins', 'cri', 'cni'],
  2: ['plugins', 'io.containerd.grpc.v1.cri', 'cni'],
  3: ['plugins', 'io.containerd.cri.v1.runtime', 'cni'],
};
const criPlugins = new Set(['cri', 'io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime']);

/** Reads config.toml or the output of `containerd config dump`; throws CONTAINERD_CONFIG_INVALID and CRI_DISABLED. */
export function readContainerdCni(text: string | undefined, file = '/etc/containerd/config.toml'): ContainerdCni {
  const root = parseToml(text ?? '', file);
  const version = text === undefined ? undefined : Number(root['version'] ?? 1);
  const table = tables[version ?? 2];
  if (!table) throw invalid(file, `version = ${version} is not one of 1, 2, 3`);
  const disabled = strings(root['disabled_plugins']).find((name) => criPlugins.has(name));
  if (disabled !== undefined) throw criDisabled(file, disabled);
  const cni = lookup(root, table);
  const binDir = lookup(cni, ['bin_dir']);
  const binDirs = lookup(cni, ['bin_dirs']);
  const confDir = lookup(cni, ['conf_dir']);
  return {
    version,
    table,
    binDirs:
      typeof binDir === 'string' && binDir !== '' ? [binDir] : Array.isArray(binDirs) ? strings(binDirs) : undefined,
    confDir: typeof confDir === 'string' ? confDir : undefined,
    imports: strings(root['imports']),
  };
}

/** The text with the CNI directories set and every other byte kept; what came in when they are already those. */
export function editCniDirectories(
  text: string | undefined,
  wanted: CniDirectories,
  containerdVersion: string,
  file = '/etc/containerd/config.toml',
): string | undefined {
  const now = readContainerdCni(text, file);
  const hasImports = now.imports.length > 0;
  const isBinSet = now.binDirs
    ? now.binDirs.includes(wanted.binDir)
    : !hasImports && wanted.binDir === defaultCniDirectories.binDir;
  const isConfSet = now.confDir
    ? now.confDir === wanted.confDir
    : !hasImports && wanted.confDir === defaultCniDirectories.confDir;
  const settings: Setting[] = [];
  if (!isBinSet) settings.push(binSetting(text, now, wanted.binDir, containerdVersion));
  if (!isConfSet) settings.push({ key: 'conf_dir', value: wanted.confDir });
  if (settings.length === 0) return text;

  const before = text ?? 'version = 2\n';
  const after = settings.reduce((edited, setting) => set(edited, now.table, setting), before);
  verifyOnlyChanged(before, after, now.table, settings, file);
  return after;
}

interface Setting {
  readonly key: string;
  readonly value: string | readonly string[];
}

/** `bin_dirs` came with containerd 2.1 and stands beside `bin_dir` no more than once: the one that is there is kept. */
function binSetting(text: string | undefined, now: ContainerdCni, binDir: string, containerdVersion: string): Setting {
  const layout = scanToml(text ?? '');
  const has = (key: string): boolean => layout.entries.some((entry) => isSamePath(entry.path, [...now.table, key]));
  const usesList = has('bin_dirs') || (!has('bin_dir') && now.version === 3 && atLeast(containerdVersion, '2.1'));
  return usesList ? { key: 'bin_dirs', value: [binDir, ...(now.binDirs ?? [])] } : { key: 'bin_dir', value: binDir };
}

const isSamePath = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((part, index) => part === other[index]);

function set(text: string, table: readonly string[], { key, value }: Setting): string {
  const { entries, tables: headers } = scanToml(text);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const rendered =
    typeof value === 'string' ? JSON.stringify(value) : `[${value.map((one) => JSON.stringify(one)).join(', ')}]`;
  const splice = (start: number, end: number, insert: string): string =>
    text.slice(0, start) + insert + text.slice(end);

  const entry = entries.find(({ path }) => isSamePath(path, [...table, key]));
  if (entry) return splice(entry.valueStart, entry.valueEnd, rendered);

  const inline = entries.find(({ path }) => isSamePath(path, table));
  if (inline) {
    const isEmpty = /^\{\s*\}$/.test(text.slice(inline.valueStart, inline.valueEnd));
    return splice(inline.valueStart + 1, inline.valueStart + 1, ` ${key} = ${rendered}${isEmpty ? ' ' : ','}`);
  }
  const header = headers.find(({ path }) => isSamePath(path, table));
  if (header) {
    const needsEol = header.bodyStart > 0 && text.charAt(header.bodyStart - 1) !== '\n';
    return splice(
      header.bodyStart,
      header.bodyStart,
      `${needsEol ? eol : ''}${header.indent}  ${key} = ${rendered}${eol}`,
    );
  }
  const dotted = entries.find(({ path, isInTable }) => isInTable && isSamePath(path.slice(0, table.length), table));
  if (dotted) {
    const written = text.slice(dotted.start, dotted.valueStart).replace(/\s*=\s*$/, '');
    const prefix = written.slice(0, written.lastIndexOf('.') + 1);
    return splice(dotted.start, dotted.start, `${prefix}${key} = ${rendered}${eol}`);
  }
  const gap = text === '' || text.endsWith('\n') ? '' : eol;
  const name = table.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join('.');
  return `${text}${gap}${eol}[${name}]${eol}  ${key} = ${rendered}${eol}`;
}

/** An edit that would say anything else than asked is our bug or a layout we do not know: better no edit at all. */
function verifyOnlyChanged(
  before: string,
  after: string,
  table: readonly string[],
  settings: readonly Setting[],
  file: string,
): void {
  const expected = parseToml(before, file);
  let target: Record<string, unknown> = expected;
  for (const part of table) {
    target[part] ??= {};
    target = target[part] as Record<string, unknown>;
  }
  for (const { key, value } of settings) target[key] = value;
  let isSame = false;
  try {
    isSame = canonical(expected) === canonical(parseToml(after, file));
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
  }
  if (isSame) return;
  throw new ProvisionError({
    code: 'CONTAINERD_CONFIG_NOT_EDITABLE',
    kind: 'operation',
    what: `${file} is laid out in a way that its CNI directories cannot be changed safely`,
    where: file,
    fix: `Set by hand, under [${table.join('.')}]: ${settings.map(({ key, value }) => `${key} = ${JSON.stringify(value)}`).join(', ')}`,
  });
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, node: unknown) => {
    if (typeof node === 'bigint') return node.toString();
    if (typeof node !== 'object' || node === null || Array.isArray(node) || node instanceof Date) return node;
    return Object.fromEntries(Object.entries(node).sort(([one], [other]) => (one < other ? -1 : 1)));
  });

function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error));
  }
}

const invalid = (file: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'CONTAINERD_CONFIG_INVALID',
    kind: 'operation',
    what: `${file} cannot be read`,
    where: file,
    why,
    fix: 'Correct the file until `containerd config dump` accepts it',
  });

const criDisabled = (file: string, plugin: string): ProvisionError =>
  new ProvisionError({
    code: 'CRI_DISABLED',
    kind: 'operation',
    what: `${file} switches containerd's CRI plugin off, so no kubelet can use it`,
    where: file,
    why: `disabled_plugins contains "${plugin}", as Docker's containerd.io package ships it`,
    fix: `Remove "${plugin}" from disabled_plugins in ${file} and restart containerd`,
  });

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

const lookup = (root: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[part] : undefined),
    root,
  );
