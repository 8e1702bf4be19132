import { parse, type TomlTable } from 'smol-toml';
import { ProvisionError } from '../../errors.ts';

export const legacyPlugin = 'io.containerd.grpc.v1.cri';
export const runtimePlugin = 'io.containerd.cri.v1.runtime';

/** Throws CONTAINERD_CONFIG_INVALID. */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    throw invalidContainerdConfig(file, error instanceof Error ? error.message : String(error));
  }
}

export const invalidContainerdConfig = (file: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'CONTAINERD_CONFIG_INVALID',
    kind: 'operation',
    what: `${file} cannot be read`,
    where: file,
    why,
    fix: `Correct the file until \`containerd --config ${file} config dump\` accepts it`,
  });

/** The form of a file: 1 where it does not say `version`. */
export const versionOf = (root: TomlTable): number => Number(root['version'] ?? 1);

export const isKnownVersion = (version: number): boolean => [1, 2, 3, 4].includes(version);

/** What the plugin of CRI that runs pods is called in a file of this version. */
export const pluginOf = (version: number): string =>
  version >= 3 ? runtimePlugin : version === 2 ? legacyPlugin : 'cri';

/** What stands at a path; undefined where it leads nowhere. */
export const valueAt = (root: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined),
    root,
  );
