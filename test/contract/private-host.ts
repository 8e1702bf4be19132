import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';

/** A view of this machine with processes, a hostname and writable folders of its own; everything in it is real. */
export interface PrivateHost {
  readonly name: string;
  /** Starts what a login shell is asked to run. */
  spawn(commandLine: string): ChildProcess;
  /** Where a path of the host is for this process. */
  path(path: string): string;
  /** A folder on the host for the test's own files. */
  readonly scratch: string;
  close(): Promise<void>;
}

export type Shell = 'dash' | 'bash' | 'busybox';

const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];

/** Whether this machine lets us make private hosts: as root, or with user namespaces. */
export const canMakeHosts =
  spawnSync('unshare', [...asUser, '--mount', '--pid', '--uts', '--fork', 'mount', '-t', 'proc', 'proc', '/proc'])
    .status === 0;

export const hasProgram = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** Prints the shell's pid as the old /proc shows it, so that others can enter, and ends with the test that holds its input. */
const setUp = `read -r pid rest </proc/self/stat
mount -t proc proc /proc && hostname "$1" &&
for folder in /var/lib /run /tmp; do mount -t tmpfs -o "size=$2" tmpfs "$folder" || exit 1; done
[ -z "$3" ] || mount --bind "$(command -v "$3")" "$(readlink -f /bin/sh)" || exit 1
mkdir /var/lib/scratch && echo "$pid" && exec cat`;

/** Its /bin/sh is the shell asked for, else this machine's; /var/lib, /run and /tmp are its own, of the size given. */
export async function makeHost(options: { name?: string; shell?: Shell; size?: string } = {}): Promise<PrivateHost> {
  const { name = 'private', shell = '', size = '64m' } = options;
  const namespaces = ['--mount', '--pid', '--uts', '--fork', '--kill-child', '--propagation', 'private'];
  const holder = spawn('unshare', [...asUser, ...namespaces, 'sh', '-c', setUp, 'sh', name, size, shell], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'close').then(() => [''])])) as [
    Buffer,
  ];
  const pid = line.toString().trim();
  if (pid === '') throw new Error(`the private host ${name} could not be made`);
  const enter = asUser.length > 0 ? ['--user', '--preserve-credentials'] : [];
  return {
    name,
    spawn: (commandLine) =>
      spawn('nsenter', ['-t', pid, ...enter, '--mount', '--pid', '--uts', 'sh', '-c', commandLine], {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp' },
        stdio: 'pipe',
      }),
    path: (path) => `/proc/${pid}/root${path}`,
    scratch: '/var/lib/scratch',
    async close() {
      const closed = once(holder, 'close');
      holder.kill('SIGKILL');
      await closed;
    },
  };
}

/** Where private hosts cannot be made: this machine itself, for commands that change nothing. */
export function thisMachine(folder: string): PrivateHost {
  mkdirSync(folder, { recursive: true });
  return {
    name: 'this',
    spawn: (commandLine) => spawn('sh', ['-c', commandLine], { cwd: folder, stdio: 'pipe' }),
    path: (path) => path,
    scratch: folder,
    close: async () => {},
  };
}
