import { spawnSync } from 'node:child_process';

/** Programs that tests start on this machine, and Debian's packages of them. */
const packages = {
  'ssh-keygen': 'openssh-client',
  'ssh-agent': 'openssh-client',
  busybox: 'busybox',
  script: 'bsdutils',
  unshare: 'util-linux',
};

const has = (program: string): boolean => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;

/** Installs what is missing where that is possible; else says what to install. */
export default function setup(): void {
  const missing = Object.entries(packages).filter(([program]) => !has(program));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(([, name]) => name))];
  const install = `apt-get -q update && apt-get -q install -y --no-install-recommends ${names.join(' ')}`;
  if (process.getuid?.() === 0 && has('apt-get') && spawnSync('sh', ['-c', install]).status === 0) return;
  throw new Error(`the tests need ${missing.map(([program]) => program).join(', ')}: ${install}`);
}
