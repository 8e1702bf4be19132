import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assetsFolder } from './assets.ts';
import { cached } from './cached.ts';
import type { PrivateApt } from './debian-archive.ts';
import { must } from './execute.ts';

/** Names that no registry answers to: the images are only ever loaded from files. */
export const pauseImage = 'lab.invalid/pause:3.2';
export const verifyImage = 'lab.invalid/verify:1';

/** What all hosts share, on this machine. */
export interface Parts {
  /** Layers over the template: the programs in /opt/k8s/bin, on nodes the images in /opt/k8s/images. */
  readonly controlPlaneLayer: string;
  readonly nodeLayer: string;
  /** The tarball of CNI plugins. */
  readonly cniPlugins: string;
  readonly kubectl: string;
}

export async function packParts(
  cacheFolder: string,
  built: { readonly template: string; readonly kubernetes: string },
  apt: PrivateApt,
  say: (line: string) => void,
): Promise<Parts> {
  const assets = assetsFolder();
  const digest = createHash('sha256').update(basename(built.template)).update(basename(built.kubernetes));
  for (const name of ['make-image.sh', 'pack-parts.sh']) digest.update(await readFile(join(assets, name)));
  const folder = join(cacheFolder, `parts-${digest.digest('hex').slice(0, 12)}`);
  await cached(folder, say, async (unfinished) => {
    say('Packing etcd, the CNI plugins and the container images');
    const log = join(cacheFolder, 'parts.log');
    const packages = join(unfinished, 'packages');
    await mkdir(packages);
    await apt.download(['etcd-server', 'etcd-client', 'containernetworking-plugins/bullseye'], packages, log);
    const environment = { PAUSE_IMAGE: pauseImage, VERIFY_IMAGE: verifyImage };
    const args = [unfinished, built.template, built.kubernetes, packages, assets];
    await must('sh', [join(assets, 'pack-parts.sh'), ...args], { log, environment });
    await must('rm', ['-rf', packages]);
  });
  const [tarball = ''] = await readdir(join(folder, 'artifacts'));
  return {
    controlPlaneLayer: join(folder, 'control-plane'),
    nodeLayer: join(folder, 'node'),
    cniPlugins: join(folder, 'artifacts', tarball),
    kubectl: join(built.kubernetes, 'kubectl'),
  };
}
