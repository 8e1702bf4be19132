import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { assetsFolder } from './assets.ts';
import { cached } from './cached.ts';
import { must } from './execute.ts';

const packages = `systemd systemd-sysv dbus libpam-systemd openssh-server sudo iproute2 iputils-ping iptables nftables
  ebtables ipset conntrack ethtool socat curl ca-certificates procps psmisc kmod containerd runc docker.io busybox-static
  iperf3 less tar gzip xz-utils zstd rsync jq util-linux e2fsprogs tcpdump libnss-myhostname`.split(/\s+/);

/** The root file system all hosts are laid over, made once for this list of packages, these assets and this kernel. */
export async function buildTemplate(
  cacheFolder: string,
  sourcesFile: string,
  say: (line: string) => void,
): Promise<string> {
  const assets = assetsFolder();
  const digest = createHash('sha256').update(packages.join()).update(release());
  for (const name of ['customize-template.sh', 'lab-init.sh', 'runc-clamp.sh'])
    digest.update(await readFile(join(assets, name)));
  return cached(join(cacheFolder, `host-${digest.digest('hex').slice(0, 12)}`), say, async (unfinished) => {
    say(`Making the hosts' root file system: Debian 12 with ${packages.length} packages`);
    const log = join(cacheFolder, 'template.log');
    const aptOptions = ['APT::Install-Recommends "false"', 'Acquire::Check-Valid-Until "false"'];
    await must(
      'mmdebstrap',
      [
        '--mode=root',
        '--variant=minbase',
        '--format=directory',
        ...aptOptions.map((option) => `--aptopt=${option}`),
        `--include=${packages.join()}`,
        'bookworm',
        unfinished,
        sourcesFile,
      ],
      { log },
    );
    await must('sh', [join(assets, 'customize-template.sh'), unfinished, assets], { log });
  });
}
