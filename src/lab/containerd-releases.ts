import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { cached } from './cached.ts';
import type { PrivateApt } from './debian-archive.ts';
import { must } from './execute.ts';

/** Which release of Debian has which containerd; the hosts' own is bookworm's 1.6. */
const suites = { '1.7': 'trixie', '2': 'sid' } as const;

export type ContainerdVersion = keyof typeof suites;
export const newerContainerds: readonly ContainerdVersion[] = ['1.7', '2'];
export const newerSuites: readonly string[] = Object.values(suites);

/** The package of a newer containerd, as apt is asked for it. */
export const packageOf = (version: ContainerdVersion): string => `containerd/${suites[version]}`;

const programs = ['containerd', 'containerd-shim-runc-v2', 'ctr'];

/** A layer over the hosts' root file system with the programs of a newer containerd; runc stays the hosts' own. */
export async function containerdLayer(
  version: ContainerdVersion,
  cacheFolder: string,
  apt: PrivateApt,
  say: (line: string) => void,
): Promise<string> {
  return cached(join(cacheFolder, `containerd-${version}-${arch()}`), say, async (unfinished) => {
    say(`Fetching containerd ${version}`);
    const work = join(unfinished, 'package');
    const log = join(cacheFolder, `containerd-${version}.log`);
    const folder = join(unfinished, 'usr/bin');
    for (const each of [work, folder]) await mkdir(each, { recursive: true });
    await apt.download([packageOf(version)], work, log);
    for (const name of await readdir(work))
      await must('dpkg-deb', ['-x', join(work, name), join(work, 'unpacked')], { log });
    for (const program of programs) await rename(join(work, 'unpacked/usr/bin', program), join(folder, program));
    await rm(work, { recursive: true });
    await must(join(folder, 'containerd'), ['--version'], { log }); // a later package may want a later C library
  });
}
