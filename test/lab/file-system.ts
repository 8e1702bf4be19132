import type { Lab } from '../../src/lab/lab.ts';
import { on } from './read-hosts.ts';

/** What is not compared on any host: what is written by others as time goes by, and what dpkg keeps of its own doings. */
const always = ['/var/log/journal', '/var/log/dpkg.log', '/var/lib/dpkg/status-old', '/var/lib/systemd'];

/** Every file of a host but for those on file systems in memory: kind, mode, owner, where a link leads, and content. */
export async function fileSystem(lab: Lab, host: string, but: readonly string[] = []): Promise<ReadonlySet<string>> {
  const paths = [...always, ...but].map((path) => `-path ${path}`).join(' -o ');
  const script = `cd /
find / /var -xdev \\( ${paths} \\) -prune -o -printf '%p %y %m %u:%g %l\\n' | sort -u
find / /var -xdev \\( ${paths} \\) -prune -o -type f -print0 | xargs -0 sha256sum | sort -u`;
  return new Set((await on(lab, host, script)).split('\n'));
}

/** What is there only before, with a minus, and only afterwards, with a plus. */
export const differences = (before: ReadonlySet<string>, after: ReadonlySet<string>): string[] => [
  ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
  ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
];
