import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ProvisionError } from '../errors.ts';
import { newerSuites } from './containerd-releases.ts';
import { deriveSources, readMachineSources } from './debian-archive.ts';
import { execute, must, succeeds } from './execute.ts';

const packages = `systemd-container mmdebstrap debian-archive-keyring iproute2 openssh-client openssl util-linux kmod
  dpkg-dev make patch xz-utils gzip tar rsync gcc libc6-dev`.split(/\s+/);

/** What `prepareMachine` found out. */
export interface Machine {
  /** The machine's own Debian archive for the suites the lab takes packages from, deb822. */
  readonly sources: string;
  /** The same for later suites; apart, so that nothing of theirs is ever taken for a host's root file system. */
  readonly newerSources: string;
}

/** Installs what the lab needs on this machine; LAB_IMPOSSIBLE with every reason where it cannot run at all. */
export async function prepareMachine(labFolder: string, say: (line: string) => void): Promise<Machine> {
  const reasons: string[] = [];
  const release = Object.fromEntries(
    [...(await readFile('/etc/os-release', 'utf8').catch(() => '')).matchAll(/^(\w+)="?(.*?)"?$/gm)].map(
      ([, key, value]) => [key, value],
    ),
  );
  const isRoot = userInfo().uid === 0;
  if (!isRoot) reasons.push('it needs root: hosts are containers of the system');
  if (release['ID'] !== 'debian') reasons.push(`it needs Debian 12 (this is ${release['PRETTY_NAME'] ?? 'unknown'})`);
  const suite = String(release['VERSION_CODENAME']);
  const entries = await readMachineSources();
  const sources = deriveSources(entries, suite, ['bookworm', 'bullseye']);
  const newerSources = deriveSources(entries, suite, newerSuites) ?? '';
  if (release['ID'] === 'debian' && sources === undefined)
    reasons.push(`it needs a Debian archive for ${suite} in /etc/apt`);
  if (/[,:\\\s]/.test(labFolder)) reasons.push(`its folder may contain neither blanks nor , : \\ (${labFolder})`);
  if (isRoot) reasons.push(...(await missingRights(labFolder)));
  if (reasons.length > 0 || sources === undefined) throw impossible(reasons);
  await installPackages(say);
  const modules = [
    'overlay',
    'br_netfilter',
    'veth',
    'vxlan',
    'tun',
    'fuse',
    'ip_tables',
    'iptable_nat',
    'iptable_filter',
    'xt_set',
  ];
  for (const module of modules) await execute('modprobe', ['-q', module]); // built in, loaded now, or not wanted here
  return { sources, newerSources };
}

async function missingRights(labFolder: string): Promise<string[]> {
  const reasons: string[] = [];
  if (!(await succeeds('unshare', ['-m', 'true']))) reasons.push('it may not make mount namespaces here');
  if (!(await succeeds('unshare', ['-n', 'true']))) reasons.push('it may not make network namespaces here');
  if (!(await succeeds('test', ['-w', '/sys/fs/cgroup']))) reasons.push('it may not write to /sys/fs/cgroup');
  const fileSystem = await execute('stat', ['-f', '-c', '%T', labFolder]);
  if (/overlay/.test(fileSystem.stdout)) reasons.push(`its folder is on an overlay file system (${labFolder})`);
  return reasons;
}

const impossible = (reasons: readonly string[]): ProvisionError =>
  new ProvisionError({
    code: 'LAB_IMPOSSIBLE',
    kind: 'operation',
    what: 'This machine cannot run the lab',
    why: reasons.join('\n'),
    fix: 'Run it as root on a Debian 12 machine of its own.',
  });

async function installPackages(say: (line: string) => void): Promise<void> {
  const { stdout } = await execute('dpkg-query', ['-W', '-f', `\${Package} \${db:Status-Status}\n`, ...packages]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  const missing = packages.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  say(`Installing on this machine: ${missing.join(' ')}`);
  try {
    await must('apt-get', ['-q', 'update']);
    await must('apt-get', ['-q', 'install', '-y', '--no-install-recommends', ...missing]);
  } catch (cause) {
    if (!(cause instanceof ProvisionError)) throw cause;
    throw impossible([`it could not install ${missing.join(' ')}`, cause.why ?? '']);
  }
}
