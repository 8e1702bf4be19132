import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assetsFolder } from './assets.ts';
import { cached } from './cached.ts';
import type { ContainerdVersion } from './containerd-releases.ts';
import type { PrivateApt } from './debian-archive.ts';
import { must } from './execute.ts';
import type { KubernetesVersion } from './kubernetes-version.ts';

/** Names that no registry answers to: the images are only ever loaded from files. */
export const pauseImage = 'lab.invalid/pause:3.2';
export const verifyImage = 'lab.invalid/verify:1';

/** What all hosts share, on this machine. */
export interface Parts {
  /** Layers over the template: the programs in /opt/k8s/bin, on nodes the images in /opt/k8s/images. */
  readonly controlPlaneLayer: string;
  readonly nodeLayer: string;
  /** The tarball of CNI plugins, as it was before 1.0 and as it is since: without the plugin flannel. */
  readonly cniPlugins: string;
  readonly cniPluginsWithoutFlannel: string;
  readonly flannelCniPlugin: string;
  readonly kubectl: string;
  /** Layers with a newer containerd; without one of them nodes have that of the template. */
  readonly containerds: Partial<Record<ContainerdVersion, string>>;
}

/** Whose CNI plugins: of Kubernetes' dockershim days, or of today. */
const pluginPackages: Readonly<
  Record<KubernetesVersion, { readonly version: string; readonly names: readonly string[] }>
> = {
  '1.20.2': { version: '0.9.0', names: ['containernetworking-plugins/bullseye'] },
  '1.34.4': {
    version: '1.1.1',
    names: ['containernetworking-plugins/bullseye', 'containernetworking-plugins/bookworm'],
  },
};

export interface Built {
  readonly version: KubernetesVersion;
  readonly template: string;
  readonly kubernetes: string;
  readonly containerds: Parts['containerds'];
}

export async function packParts(
  cacheFolder: string,
  built: Built,
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
    const plugins = pluginPackages[built.version];
    await apt.download(['etcd-server', 'etcd-client', ...plugins.names], packages, log);
    const environment = { PAUSE_IMAGE: pauseImage, VERIFY_IMAGE: verifyImage, PLUGINS: plugins.version };
    const args = [unfinished, built.template, built.kubernetes, packages, assets];
    await must('sh', [join(assets, 'pack-parts.sh'), ...args], { log, environment });
    await must('rm', ['-rf', packages]);
  });
  const artifacts = await readdir(join(folder, 'artifacts'));
  const artifact = (ending: RegExp): string =>
    join(folder, 'artifacts', artifacts.find((name) => ending.test(name)) ?? '');
  return {
    controlPlaneLayer: join(folder, 'control-plane'),
    nodeLayer: join(folder, 'node'),
    cniPlugins: artifact(/\d\.tgz$/),
    cniPluginsWithoutFlannel: artifact(/-without-flannel\.tgz$/),
    flannelCniPlugin: artifact(/^flannel-cni-plugin$/),
    kubectl: join(built.kubernetes, 'kubectl'),
    containerds: built.containerds,
  };
}
