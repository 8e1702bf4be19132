import type { TomlTable } from 'smol-toml';
import { ProvisionError } from '../../errors.ts';
import { atLeast } from '../flags/versions.ts';
import {
  invalidContainerdConfig,
  isKnownVersion,
  legacyPlugin,
  parseToml,
  pluginOf,
  runtimePlugin,
  valueAt,
  versionOf,
} from './containerd-toml.ts';

export const containerdConfigPath = '/etc/containerd/config.toml';

/** The CNI keys of a file, as one build of containerd reads that file. */
export interface ContainerdFile {
  /** 1 for a file without a `version`; undefined for no file. */
  readonly version: number | undefined;
  /** The table in which this build looks for them in a file of this version. */
  readonly table: readonly string[];
  /** Which of the two keys for the plugins' place this build reads there. */
  readonly reads: { readonly binDir: boolean; readonly binDirs: boolean };
  /** As they stand there, read or not. */
  readonly binDir: string | undefined;
  readonly binDirs: readonly string[] | undefined;
  readonly confDir: string | undefined;
  readonly imports: readonly string[];
}

/** What containerd goes by, whether from its file, from one that this imports or by default. */
export interface EffectiveCni {
  readonly binDirs: readonly string[] | undefined;
  readonly confDir: string | undefined;
}

/** In containerd 2 the kubelet needs all of the last three. */
const criPlugins = new Set(['cri', legacyPlugin, runtimePlugin, 'io.containerd.cri.v1.images']);

/** Throws CONTAINERD_CONFIG_INVALID and CRI_DISABLED; for no file with no text, for an unknown build with no version. */
export function readContainerdFile(
  text: string | undefined,
  containerd: string | undefined,
  file = containerdConfigPath,
): ContainerdFile {
  const root = parseToml(text ?? '', file);
  refuseDisabled(root, file);
  const version = text === undefined ? undefined : versionOf(root);
  const plugin = cniPlugin(root, version ?? newFileVersion(containerd), containerd, file);
  const table = ['plugins', plugin, 'cni'];
  return {
    version,
    table,
    reads: readsOf(plugin, containerd),
    ...readCni(root, table),
    imports: strings(root['imports']),
  };
}

/** The version that a file of ours says: all releases of a generation read it. */
export const newFileVersion = (containerd: string | undefined): 2 | 3 =>
  containerd !== undefined && atLeast(containerd, '2.0') ? 3 : 2;

/** Reads the output of `containerd config dump`, or of `config default` for no file; throws CRI_DISABLED. */
export function readContainerdDump(dump: string, file = containerdConfigPath): EffectiveCni {
  const root = parseToml(dump, 'containerd config dump');
  refuseDisabled(root, file);
  const { binDir, binDirs, confDir } = readCni(root, ['plugins', pluginOf(versionOf(root)), 'cni']);
  return {
    binDirs: binDir ? [binDir] : binDirs,
    confDir,
  };
}

/** The keys of a table for CNI, as they stand there. */
function readCni(root: TomlTable, table: readonly string[]): Pick<ContainerdFile, 'binDir' | 'binDirs' | 'confDir'> {
  const cni = valueAt(root, table);
  const [binDir, binDirs, confDir] = ['bin_dir', 'bin_dirs', 'conf_dir'].map((key) => valueAt(cni, [key]));
  return {
    binDir: typeof binDir === 'string' ? binDir : undefined,
    binDirs: Array.isArray(binDirs) ? strings(binDirs) : undefined,
    confDir: typeof confDir === 'string' ? confDir : undefined,
  };
}

function cniPlugin(root: TomlTable, version: number, containerd: string | undefined, file: string): string {
  const isSecond = containerd !== undefined && atLeast(containerd, '2.0');
  if (!isKnownVersion(version)) throw invalidContainerdConfig(file, `version = ${version} is not one of 1 to 4`);
  if (version >= 3) {
    // 1.7 refuses such a file, 1.6 takes no notice of what it says of CRI.
    if (containerd !== undefined && !isSecond)
      throw invalidContainerdConfig(file, `version = ${version} is for containerd 2, this one is ${containerd}`);
    return runtimePlugin;
  }
  if (version === 2) return legacyPlugin;
  if (!isSecond) return 'cri';
  // Before 2.3, what a file without a version says of CRI under its old names is ignored; the new name is read in any file.
  const old = ['cri', legacyPlugin].find((name) => valueAt(root, ['plugins', name]) !== undefined);
  return old !== undefined && atLeast(containerd, '2.3') ? old : runtimePlugin;
}

/** `bin_dirs` came with 2.1; `bin_dir` went with 2.4, but under the plugin's old name it is still taken over. */
const readsOf = (plugin: string, containerd: string | undefined): ContainerdFile['reads'] => ({
  binDir: plugin !== runtimePlugin || containerd === undefined || !atLeast(containerd, '2.4'),
  binDirs: containerd === undefined ? plugin === runtimePlugin : atLeast(containerd, '2.1'),
});

function refuseDisabled(root: TomlTable, file: string): void {
  const plugin = strings(root['disabled_plugins']).find((name) => criPlugins.has(name));
  if (plugin === undefined) return;
  throw new ProvisionError({
    code: 'CRI_DISABLED',
    kind: 'operation',
    what: `${file} switches containerd's CRI plugin off, so no kubelet can use it`,
    where: file,
    why: `disabled_plugins, there or in a file it imports, contains "${plugin}"; Docker's containerd.io package ships it so`,
    fix: `Remove "${plugin}" from disabled_plugins and restart containerd`,
  });
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
