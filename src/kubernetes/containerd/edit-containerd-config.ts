import { ProvisionError } from '../../errors.ts';
import { binSettings, hasClash, ownBinDirs } from './containerd-cni-keys.ts';
import {
  type ContainerdFile,
  containerdConfigPath,
  type EffectiveCni,
  newFileVersion,
  readContainerdFile,
} from './containerd-config.ts';
import { parseToml } from './containerd-toml.ts';
import { setTomlValue, type TomlSetting } from './edit-toml.ts';

export interface CniDirectories {
  readonly binDir: string;
  readonly confDir: string;
}

export interface Containerd {
  /** Of the build on the host. */
  readonly version: string | undefined;
  /** What it makes of the text; undefined where it could not be asked, then upstream's defaults are assumed. */
  readonly effective: EffectiveCni | undefined;
}

const upstreamDefaults: EffectiveCni = { binDirs: ['/opt/cni/bin'], confDir: '/etc/cni/net.d' };

/**
 * The text with the CNI directories set and every other byte kept; what came in when containerd goes by them already.
 * Throws CONTAINERD_IMPORT_OVERRIDES and CONTAINERD_CONFIG_INEFFECTIVE where the file cannot decide it.
 */
export function editCniDirectories(
  text: string | undefined,
  wanted: CniDirectories,
  containerd: Containerd,
  file = containerdConfigPath,
): string | undefined {
  const said = readContainerdFile(text, containerd.version, file);
  const { effective } = containerd;
  const now = effective ?? assumed(said);
  const settings: TomlSetting[] = [];
  if (!now.binDirs?.includes(wanted.binDir) || hasClash(said)) settings.push(...binSettings(said, wanted.binDir));
  if (now.confDir !== wanted.confDir) settings.push({ key: 'conf_dir', value: wanted.confDir });
  if (settings.length === 0) return text;
  if (effective !== undefined && !hasClash(said)) refuseOverridden(said, effective, wanted, file);

  const before = text ?? `version = ${newFileVersion(containerd.version)}\n`;
  const after = settings.reduce((edited, setting) => setTomlValue(edited, said.table, setting), before);
  verifyOnlyChanged(before, after, said.table, settings, file);
  return after;
}

const assumed = (said: ContainerdFile): EffectiveCni => {
  const defaults = said.imports.length === 0 ? upstreamDefaults : undefined;
  return { binDirs: ownBinDirs(said) ?? defaults?.binDirs, confDir: said.confDir ?? defaults?.confDir };
};

/** Where containerd does not go by what the file says, saying something else there would change nothing. */
function refuseOverridden(said: ContainerdFile, effective: EffectiveCni, wanted: CniDirectories, file: string): void {
  const own = { binDirs: ownBinDirs(said), confDir: said.confDir };
  const isIgnored =
    (own.confDir !== undefined && own.confDir !== effective.confDir && effective.confDir !== wanted.confDir) ||
    (own.binDirs !== undefined &&
      own.binDirs.join('\n') !== effective.binDirs?.join('\n') &&
      !effective.binDirs?.includes(wanted.binDir));
  if (!isIgnored) return;
  const isImport = said.imports.length > 0;
  throw new ProvisionError({
    code: isImport ? 'CONTAINERD_IMPORT_OVERRIDES' : 'CONTAINERD_CONFIG_INEFFECTIVE',
    kind: 'operation',
    what: isImport
      ? `a file imported by ${file} sets other CNI directories (${effective.binDirs?.join(', ')}; ${effective.confDir})`
      : `containerd does not go by the CNI directories of ${file} (it goes by ${effective.binDirs?.join(', ')}; ${effective.confDir})`,
    where: file,
    why: isImport
      ? `imports: ${said.imports.join(', ')}`
      : `\`containerd --config ${file} config dump\` shows others than [${said.table.join('.')}]`,
    fix: isImport
      ? `Set the directories in that file to ${wanted.binDir} and ${wanted.confDir}; containerd 1 takes a plugin's whole section from it`
      : `Have the file say them in one place only; \`containerd config migrate\` prints it in the newest form`,
  });
}

/** An edit that would say anything else than asked is our bug or a layout we do not know: better no edit at all. */
function verifyOnlyChanged(
  before: string,
  after: string,
  table: readonly string[],
  settings: readonly TomlSetting[],
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
