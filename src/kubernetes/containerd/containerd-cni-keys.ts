import type { ContainerdFile } from './containerd-config.ts';
import { runtimePlugin } from './containerd-toml.ts';
import type { TomlSetting } from './edit-toml.ts';

/** The plugins' places of the file alone, as its build reads them. */
export const ownBinDirs = ({ reads, binDir, binDirs }: ContainerdFile): readonly string[] | undefined =>
  reads.binDir && binDir ? [binDir] : reads.binDirs ? binDirs : undefined;

const isLegacy = ({ table }: ContainerdFile): boolean => table[1] !== runtimePlugin;

/** With both keys of the runtime plugin set, containerd 2.1 to 2.3 accept the file and then have no CRI. */
export const hasClash = (said: ContainerdFile): boolean =>
  !isLegacy(said) && said.reads.binDir && said.reads.binDirs && Boolean(said.binDir) && Boolean(said.binDirs?.length);

/** The key that is there is kept as long as it is read. */
export function binSettings(said: ContainerdFile, wanted: string): TomlSetting[] {
  const { reads, binDir, binDirs } = said;
  const single = { key: 'bin_dir', value: wanted };
  const list = { key: 'bin_dirs', value: [wanted, ...(binDirs ?? []).filter((one) => one !== wanted)] };
  if (hasClash(said)) return [list, { key: 'bin_dir', value: '' }];
  const hasSingle = reads.binDir && Boolean(binDir);
  const prefersSingle = hasSingle || (isLegacy(said) && binDirs === undefined);
  return reads.binDirs && !prefersSingle ? [list] : [single];
}
