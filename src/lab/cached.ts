import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exclusively } from './exclusively.ts';

/**
 * Makes a folder once: `make` fills a temporary folder beside it that gets its name when complete, so a folder that
 * exists is whole. A second process waits for the first.
 */
export async function cached(
  folder: string,
  say: (line: string) => void,
  make: (unfinished: string) => Promise<void>,
): Promise<string> {
  if (existsSync(folder)) return folder;
  const waiting = (): void => say(`Another lab is making ${basename(folder)}: waiting for it`);
  const build = async (): Promise<void> => {
    if (existsSync(folder)) return;
    await mkdir(dirname(folder), { recursive: true });
    for (const name of await readdir(dirname(folder))) {
      if (name.startsWith(`${basename(folder)}.unfinished-`))
        await rm(join(dirname(folder), name), { recursive: true });
    }
    const unfinished = await mkdtemp(`${folder}.unfinished-`);
    await chmod(unfinished, 0o755);
    try {
      await make(unfinished);
      await rename(unfinished, folder);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  };
  await exclusively(folder, build, waiting);
  return folder;
}
