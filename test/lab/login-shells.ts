import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { cached } from '../../src/lab/cached.ts';
import { openPrivateApt } from '../../src/lab/debian-archive.ts';
import { must } from '../../src/lab/execute.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { prepareMachine } from '../../src/lab/machine.ts';
import { on, onEach } from './read-hosts.ts';
import { say } from './shared-lab.ts';

/** Login shells that are no POSIX shells, as `installShells` leaves them. */
export const foreignShells = { csh: '/bin/bsd-csh', tcsh: '/bin/tcsh', fish: '/usr/bin/fish' } as const;

/** Puts csh, tcsh and fish on hosts: the files of the packages alone, as fish would bring a python with it. */
export async function installShells(lab: Lab, hosts: readonly string[]): Promise<void> {
  const folder = await cached(join(labCacheFolder(), 'login-shells'), say, fetchShells);
  const archive = (await readFile(join(folder, 'shells.tgz'))).toString('base64');
  const unpack = 'tar xz -C / --keep-directory-symlink --no-overwrite-dir';
  await onEach(lab, hosts, `base64 -d <<'END' | ${unpack}\n${archive}\nEND\n`);
}

async function fetchShells(unfinished: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'login-shells-'));
  const log = join(labCacheFolder(), 'login-shells.log');
  try {
    const { sources } = await prepareMachine(work, say);
    const apt = await openPrivateApt(work, sources);
    for (const name of ['packages', 'root']) await mkdir(join(work, name));
    const packages = ['fish', 'fish-common', 'libpcre2-32-0', 'csh', 'tcsh'].map((name) => `${name}/bookworm`);
    await apt.download(packages, join(work, 'packages'), log);
    const pack = `for package in packages/*.deb; do dpkg -x "$package" root || exit 1; done
rm -rf root/usr/share/doc root/usr/share/man root/usr/share/locale root/usr/share/lintian
tar cz -C root -f "$1/shells.tgz" .`;
    await must('sh', ['-c', pack, 'sh', unfinished], { folder: work, log });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Profiles of these users that print before every command, and csh's and bash's what they do as well. */
export const makeNoise = (lab: Lab, host: string, users: readonly string[]): Promise<string> =>
  on(
    lab,
    host,
    `for user in ${users.join(' ')}; do
  home=$(getent passwd $user | cut -d: -f6); mkdir -p $home/.config/fish; cd $home
  [ -e .bashrc.before ] || mv .bashrc .bashrc.before
  printf 'echo "  _  Welcome!  _"; echo oops >&2; printf "half a li"; set -xv\\n' >.bashrc
  printf 'echo "  _  Welcome!  _"; set verbose; set echo\\n' >.cshrc
  printf 'echo "  _  Welcome!  _"; set fish_trace 1\\n' >.config/fish/config.fish
  chown -R $user: .bashrc .cshrc .config
done`,
  );

/** Undoes `makeNoise`, and gives them bash again. */
export const makeQuiet = (lab: Lab, host: string, users: readonly string[]): Promise<string> =>
  on(
    lab,
    host,
    `for user in ${users.join(' ')}; do
  cd "$(getent passwd $user | cut -d: -f6)"
  [ ! -e .bashrc.before ] || mv .bashrc.before .bashrc
  rm -rf .cshrc .config/fish; usermod -s /bin/bash $user 2>/dev/null
done`,
  );
