import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../../src/lab/lab.ts';
import type { LabHost } from '../../src/lab/lab-host.ts';
import { on, podCidrs } from './read-hosts.ts';

/** What programs other than this one write, and the before-images, which are another run's in every run. */
const notCompared = [
  /^\/var\/(log|tmp|cache)$/,
  /^\/var\/lib\/(containerd|kubelet|etcd|systemd|cni|dbus|private)$/,
  /^\/var\/lib\/provision\/undo$/,
  /^\/opt\/k8s\/logs$/,
  /^\/usr\/libexec$/,
  /^\/(run|tmp|proc|sys|dev)$/,
];

/** Names of half-written files, wherever they are. */
export const halfWritten =
  /\.provision-new$|\.partial$|\.part$|\.provision-stage|^\/var\/lib\/provision\/.*\.(lock|copy)$/;

/** Without what differs from run to run though it means the same: process ids in stamps, times and inodes of what was unpacked. */
function normalize(path: string, content: string): string {
  if (path.startsWith('/var/lib/provision/stamps/')) return content.replace(/^process .*$/m, 'process');
  if (path.startsWith('/var/lib/provision/archives/')) return content.replaceAll(/^(\d+) \d+ \d+ /gm, '$1 ');
  return content;
}

async function* walk(root: string, path: string): AsyncGenerator<string> {
  for (const name of (await readdir(join(root, path))).sort()) {
    const inner = path === '/' ? `/${name}` : `${path}/${name}`;
    if (notCompared.some((pattern) => pattern.test(inner))) continue;
    yield inner;
    const stat = await lstat(join(root, inner)).catch(() => undefined);
    if (stat?.isDirectory()) yield* walk(root, inner);
  }
}

/** One line for each file of the host's own disk: kind, mode, owner, digest of the content after `rename`. */
async function readDisk(host: LabHost, rename: (text: string) => string): Promise<string[]> {
  const lines: string[] = [];
  for (const [root, top] of [
    [join(host.folder, 'upper'), '/'],
    [host.folder, '/var'],
  ] as const) {
    for await (const path of walk(root, top)) {
      const file = join(root, path);
      const stat = await lstat(file);
      const mode = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
      if (stat.isSymbolicLink()) lines.push(`${path} -> ${await readlink(file)}`);
      else if (stat.isDirectory()) lines.push(`${path}/ ${mode}`);
      else if (stat.isFile()) {
        const content = await readFile(file);
        const text = stat.size < 100_000 ? rename(normalize(path, content.toString('latin1'))) : content;
        const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
        lines.push(`${path} ${mode} ${stat.size === 0 ? 'empty' : digest}`);
      } else lines.push(`${path} ${stat.isCharacterDevice() ? 'removed' : 'other'}`);
    }
  }
  return lines;
}

/**
 * The agent's round, if one is under way, is let end first. /run/systemd/units
 * has an entry for each unit that runs at this moment, so it is left out.
 */
const running = `for try in 1 2 3 4 5 6 7 8 9 10; do
  [ "$(systemctl is-active provision-static-routes)" = activating ] || break; sleep 1
done
# whether a round of the agent goes on at this moment is chance
round=$(systemctl is-active provision-static-routes)
case $round in activating | inactive) round=well ;; esac
echo "provision-static-routes $round $(systemctl is-enabled provision-static-routes 2>/dev/null)"
for unit in kube-apiserver kube-controller-manager containerd kubelet kube-proxy provision-static-routes.timer; do
  echo "$unit $(systemctl is-active $unit) $(systemctl is-enabled $unit 2>/dev/null)"
  pid=$(systemctl show -p MainPID $unit | cut -d= -f2)
  [ "$pid" = 0 ] || tr '\\0' ' ' </proc/$pid/cmdline; echo
done
for version in iptables-nft iptables-legacy; do
  $version-save 2>/dev/null | grep -v '^#' | sed 's/\\[[0-9:]*\\]//' | sort | sed "s/^/$version /"
done
ip -4 rule; ip -4 route show table all | grep -v ' dev veth' | sed 's/ linkdown//' | sort; ip -br link | grep -v '^veth' | awk '{ print $1 }' | sed 's/@.*//' | sort
cat /run/flannel/subnet.env 2>/dev/null; find /run -path /run/systemd/units -prune -o -name '*provision*' -print | sort; cat /proc/sys/net/ipv4/ip_forward
exit 0`;

/** Everything that has to be equal after every way to the same end, by host, in lines; the ranges of Nodes under their names. */
export async function wholeState(lab: Lab): Promise<Record<string, readonly string[]>> {
  // addresses of each Node's range, but not the range of all, which begins like the first Node's
  const ranges = Object.entries(await podCidrs(lab)).map(
    ([node, range]) => [new RegExp(`${range?.replace(/0\/\d+$/, '')}(?!0/16)`, 'g'), node] as const,
  );
  const rename = (text: string): string =>
    ranges.reduce((done, [range, node]) => done.replaceAll(range, `(${node}).`), text);
  const states = lab.hosts.map(async (host) => {
    const seen = rename(await on(lab, host.name, running)).split('\n');
    return [host.name, [...seen.toSorted(), ...(await readDisk(host, rename))]] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}

/** How often units have been started since the hosts booted, as `host unit`. */
export async function startsOf(lab: Lab): Promise<Record<string, number>> {
  const units = ['kube-controller-manager', 'containerd', 'kubelet', 'kube-proxy'];
  const script = units.map((unit) => `journalctl -q -o cat -u ${unit} | grep -c '^Started '`).join('\n');
  const counted = lab.hosts.map(async ({ name }) => {
    const counts = (await on(lab, name, `${script}\nexit 0`)).split('\n').map(Number);
    return units.map((unit, index) => [`${name} ${unit}`, counts[index] ?? 0] as const);
  });
  return Object.fromEntries((await Promise.all(counted)).flat());
}
