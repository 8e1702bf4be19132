import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder of the lab's shell files, found from the sources as well as from the bundle. */
export function assetsFolder(from: string = import.meta.dirname): string {
  const folder = join(from, 'src/lab/assets');
  if (existsSync(folder)) return folder;
  if (dirname(from) === from) throw new Error('src/lab/assets is not part of this installation');
  return assetsFolder(dirname(from));
}
