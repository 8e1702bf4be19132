import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Artifact, type ImagesArtifact, place } from './artifacts.ts';
import { cached } from './cached.ts';
import { type Authority, kubeletIdentity, renderKubeconfig } from './certificates.ts';
import { containerdConfiguration } from './containerd-configuration.ts';
import type { PrivateApt } from './debian-archive.ts';
import { must } from './execute.ts';
import { writeHostFiles } from './host-files.ts';
import { isCurrent, type KubernetesVersion } from './kubernetes-version.ts';
import { type Parts, pauseImage, verifyImage } from './parts.ts';

/** What a blank host is without: it has never been a node. */
const runtimePackages = ['docker.io', 'containerd', 'runc'];

/** What blank hosts are made of, and what makes nodes of them. */
export interface Software {
  /** Their root file system. */
  readonly blank: string;
  /** Packages of Debian, or the archive of containerd and runc. */
  readonly packages: readonly string[];
  readonly containerd?: { readonly path: string; readonly version: string };
  readonly runc?: { readonly path: string; readonly version: string };
}

/** Made once for each template and, of packages and archives, each version of Kubernetes. */
export async function gatherSoftware(
  cacheFolder: string,
  {
    version,
    template,
    parts,
  }: { readonly version: KubernetesVersion; readonly template: string; readonly parts: Parts },
  apt: PrivateApt,
  say: (line: string) => void,
): Promise<Software> {
  const blank = await buildBlank(cacheFolder, template, say);
  const kind = isCurrent(version) ? 'archive' : 'packages';
  const folder = await cached(join(cacheFolder, `software-${kind}-${basename(template)}`), say, async (unfinished) => {
    say(`Gathering a container runtime for blank hosts as ${kind === 'archive' ? 'an archive' : 'packages'}`);
    const log = join(cacheFolder, 'software.log');
    if (kind === 'packages') await apt.download(['containerd', 'runc'], unfinished, log);
    else {
      await must('cp', [join(template, 'usr/sbin/runc'), unfinished], { log });
      const programs = join(parts.containerds['1.7'] ?? '', 'usr');
      await must('tar', ['-C', programs, '-czf', join(unfinished, 'containerd.tgz'), 'bin'], { log });
    }
  });
  const files = (await readdir(folder)).map((name) => join(folder, name));
  if (kind === 'packages') return { blank, packages: files };
  return {
    blank,
    packages: [],
    containerd: {
      path: join(folder, 'containerd.tgz'),
      version: await versionOf(join(parts.containerds['1.7'] ?? '', 'usr/bin/containerd')),
    },
    runc: { path: join(folder, 'runc'), version: await versionOf(join(folder, 'runc')) },
  };
}

const versionOf = async (program: string): Promise<string> =>
  /\sv?(\d+\.\d+\.\d+\S*)/.exec(await must(program, ['--version']))?.[1] ?? '';

const buildBlank = (cacheFolder: string, template: string, say: (line: string) => void): Promise<string> =>
  cached(join(cacheFolder, `blank-${basename(template)}`), say, async (unfinished) => {
    say('Making the root file system of blank hosts');
    const log = join(cacheFolder, 'blank.log');
    await must('cp', ['-a', `${template}/.`, unfinished], { log });
    await must('chroot', [unfinished, 'dpkg', '--purge', ...runtimePackages], { log });
    const left = [
      'etc/docker',
      'etc/containerd',
      'etc/cni',
      'opt/cni',
      'opt/containerd',
      'var/lib/docker',
      'var/lib/containerd',
    ];
    await must('rm', ['-rf', ...left.map((name) => join(unfinished, name))], { log });
  });

/** What the inventory says of them, under `artifacts`; lists and maps of files in the lab's folder. */
export async function placeSoftware(
  labFolder: string,
  software: Software,
  parts: Parts,
  version: KubernetesVersion,
): Promise<SoftwareArtifacts> {
  const programs = dirname(parts.kubectl);
  const program = async (name: string): Promise<Versioned> => ({
    ...(await place(labFolder, join(programs, name))),
    version,
  });
  const all = (paths: readonly string[]) => Promise.all(paths.map((path) => place(labFolder, path)));
  const image = async (name: string, reference: string): Promise<ImagesArtifact> => ({
    ...(await place(labFolder, join(parts.nodeLayer, 'opt/k8s/images', name))),
    names: [reference],
  });
  const { containerd, runc, packages } = software;
  return {
    kubelet: await program('kubelet'),
    kube_proxy: await program('kube-proxy'),
    kube_controller_manager: {
      ...(await place(labFolder, join(parts.controlPlaneLayer, 'opt/k8s/bin/kube-controller-manager'))),
      version,
    },
    ...(containerd && { containerd: { ...(await place(labFolder, containerd.path)), version: containerd.version } }),
    ...(runc && { runc: { ...(await place(labFolder, runc.path)), version: runc.version } }),
    ...(packages.length > 0 && { packages: await all(packages) }),
    images: [await image('pause.tar', pauseImage), await image('verify.tar', verifyImage)],
  };
}

type Versioned = Artifact & { readonly version: string };

export interface SoftwareArtifacts {
  readonly [name: string]: Versioned | readonly Artifact[];
  readonly images: readonly ImagesArtifact[];
}

/** What the inventory says of a blank host: what a host of the lab needs, and credentials that its operator brings. */
export async function blankVariables(
  labFolder: string,
  name: string,
  {
    authority,
    server,
    software,
  }: { readonly authority: Authority; readonly server: string; readonly software: Software },
): Promise<string> {
  const folder = `files/${name}`;
  const kubeconfig = async (user: string, identity: Parameters<Authority['issue']>[0]): Promise<string> =>
    renderKubeconfig(server, authority, user, await authority.issue(identity));
  const files = [
    {
      path: '/opt/k8s/conf/kubelet.kubeconfig',
      mode: 0o600,
      make: () => kubeconfig(`system:node:${name}`, kubeletIdentity(name)),
    },
    {
      path: '/opt/k8s/conf/kube-proxy.kubeconfig',
      mode: 0o600,
      make: () =>
        kubeconfig('system:kube-proxy', { commonName: 'system:kube-proxy', organization: 'system:node-proxier' }),
    },
    {
      path: '/etc/containerd/config.toml',
      mode: 0o644,
      make: async () => containerdConfiguration(software.containerd && '1.7', software.containerd === undefined),
    },
  ];
  await mkdir(join(labFolder, folder), { recursive: true });
  for (const { path, mode, make } of files) {
    const source = join(folder, basename(path));
    // a credential that is there stays the same
    if ((await readFile(join(labFolder, source)).catch(() => undefined)) === undefined)
      await writeHostFiles(labFolder, [{ path: source, content: await make(), mode }]);
  }
  return JSON.stringify({
    install: {
      sandbox_image: pauseImage,
      files: files.map(({ path, mode }) => ({
        source: `./${folder}/${basename(path)}`,
        path,
        mode: `0${mode.toString(8)}`,
      })),
    },
    kubelet: {
      config: {
        cgroupDriver: 'cgroupfs',
        failSwapOn: false,
        imageGCHighThresholdPercent: 100,
        evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
      },
    },
    kube_proxy: { manage: true, config: { conntrack: { maxPerCore: 0 } } },
  }).slice(1, -1);
}
