import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file laid on a host's disk before its first boot; owned by root, mode 0644 unless said. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
  readonly mode?: number;
}

/** Writes files below the upper folder of a host's disk; the folders it has to make there get mode 0755. */
export async function writeHostFiles(upper: string, files: readonly HostFile[]): Promise<void> {
  for (const { path, content, mode = 0o644 } of files) {
    const file = join(upper, path);
    await makeFolders(upper, dirname(file));
    await writeFile(file, content);
    await chmod(file, mode);
  }
}

async function makeFolders(upper: string, folder: string): Promise<void> {
  if (folder.length <= upper.length) return;
  await makeFolders(upper, dirname(folder));
  await mkdir(folder).then(
    () => chmod(folder, 0o755),
    () => {},
  );
}

/** Enables units as `systemctl enable` would for multi-user.target. */
export async function enableUnits(upper: string, units: ReadonlyMap<string, string>): Promise<void> {
  const wants = join(upper, 'etc/systemd/system/multi-user.target.wants');
  for (const [unit, fragment] of units) {
    await makeFolders(upper, wants);
    await symlink(fragment, join(wants, unit));
  }
}
