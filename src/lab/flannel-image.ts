import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { assetsFolder } from './assets.ts';
import { cached } from './cached.ts';
import { must } from './execute.ts';
import type { FlannelVersion } from './flanneld-build.ts';

/** As the project called the image of each release, so that nothing has to be said of it. */
export const flannelImages: Readonly<Record<FlannelVersion, string>> = {
  '0.17.0': 'docker.io/rancher/mirrored-flannelcni-flannel:v0.17.0',
  '0.20.2': 'docker.io/rancher/mirrored-flannelcni-flannel:v0.20.2',
  '0.28.7': 'ghcr.io/flannel-io/flannel:v0.28.7',
};

/** An archive with the image of flannel, made of a built flanneld and the hosts' own iptables; returns its path. */
export async function makeFlannelImage(
  cacheFolder: string,
  template: string,
  { version, program }: { readonly version: FlannelVersion; readonly program: string },
  say: (line: string) => void,
): Promise<string> {
  const assets = assetsFolder();
  const digest = createHash('sha256')
    .update(basename(template))
    .update(basename(dirname(program)));
  for (const name of ['make-image.sh', 'make-flannel-image.sh']) digest.update(await readFile(join(assets, name)));
  const folder = join(cacheFolder, `flannel-image-v${version}-${digest.digest('hex').slice(0, 12)}`);
  await cached(folder, say, async (unfinished) => {
    const args = [join(unfinished, 'flannel.tar'), flannelImages[version], template, program];
    await must('sh', [join(assets, 'make-flannel-image.sh'), ...args], { log: join(cacheFolder, 'flannel-image.log') });
  });
  return join(folder, 'flannel.tar');
}
