import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Artifact, type ImagesArtifact, place } from './artifacts.ts';
import { cached } from './cached.ts';
import { type Authority, kubeletIdentity, renderKubeconfig } from './certificates.ts';
import { containerdConfiguration } from './containerd-configuration.ts';
import { type ContainerdVersion, packageOf } from './containerd-releases.ts';
import type { PrivateApt } from './debian-archive.ts';
import { must } from './execute.ts';
import { writeHostFiles } from './host-files.ts';
import { isCurrent, type KubernetesVersion } from './kubernetes-version.ts';
import { type Parts, pauseImage, verifyImage } from './parts.ts';

/** What a blank host is without: it has never been a node. */
const runtimePackages = ['docker.io', 'containerd', 'runc'];

interface Program {
  readonly path: string;
  readonly version: string;
}

/** What blank hosts are made of, and what makes nodes of them. */
export interface Software {
  /** Their root file system. */
  readonly blank: string;
  /** containerd and runc as packages of Debian. */
  readonly packages: readonly string[];
  /** With today's Kubernetes also as programs: containerd 2 in an archive, and runc. */
  readonly programs?: { readonly containerd: Program; readonly runc: Program };
}

/** Made once for each template and version of Kubernetes. */
export async function gatherSoftware(
  cacheFolder: string,
  {
    version,
    template,
    parts,
  }: { readonly version: KubernetesVersion; readonly template: string; readonly parts: Parts },
  apt: { readonly own: PrivateApt; readonly newer: PrivateApt },
  say: (line: string) => void,
): Promise<Software> {
  const blank = await buildBlank(cacheFolder, template, say);
  const layer = join(parts.containerds['2'] ?? '', 'usr');
  const folder = await cached(
    join(cacheFolder, `software-${version}-${basename(template)}`),
    say,
    async (unfinished) => {
      say('Gathering a container runtime for blank hosts');
      const log = join(cacheFolder, 'software.log');
      const packages = join(unfinished, 'packages');
      await mkdir(packages);
      await apt.own.download(isCurrent(version) ? ['runc'] : ['containerd', 'runc'], packages, log);
      if (!isCurrent(version)) return;
      await apt.newer.download([packageOf('1.7')], packages, log);
      await must('cp', [join(template, 'usr/sbin/runc'), unfinished], { log });
      await must('tar', ['-C', layer, '-czf', join(unfinished, 'containerd.tgz'), 'bin'], { log });
    },
  );
  const packages = (await readdir(join(folder, 'packages'))).map((name) => join(folder, 'packages', name));
  if (!isCurrent(version)) return { blank, packages };
  const [containerd, runc] = [join(folder, 'containerd.tgz'), join(folder, 'runc')];
  const programs = {
    containerd: { path: containerd, version: await versionOf(join(layer, 'bin/containerd')) },
    runc: { path: runc, version: await versionOf(runc) },
  };
  return { blank, packages, programs };
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
  parts: Parts,
  version: KubernetesVersion,
): Promise<SoftwareArtifacts> {
  const programs = dirname(parts.kubectl);
  const program = async (name: string): Promise<Versioned> => ({
    ...(await place(labFolder, join(programs, name))),
    version,
  });
  const image = async (name: string, reference: string): Promise<ImagesArtifact> => ({
    ...(await place(labFolder, join(parts.nodeLayer, 'opt/k8s/images', name))),
    names: [reference],
  });
  return {
    kubelet: await program('kubelet'),
    kube_proxy: await program('kube-proxy'),
    kube_controller_manager: {
      ...(await place(labFolder, join(parts.controlPlaneLayer, 'opt/k8s/bin/kube-controller-manager'))),
      version,
    },
    images: [await image('pause.tar', pauseImage), await image('verify.tar', verifyImage)],
  };
}

type Versioned = Artifact & { readonly version: string };

export interface SoftwareArtifacts {
  readonly [name: string]: Versioned | readonly Artifact[];
  readonly images: readonly ImagesArtifact[];
}

/** containerd and runc of a blank host: programs where it had containerd 2, or is to have it, else packages. */
async function runtimeArtifacts(
  labFolder: string,
  { packages, programs }: Software,
  containerd: ContainerdVersion | undefined,
): Promise<Readonly<Record<string, Versioned | readonly Artifact[]>>> {
  if (programs === undefined || containerd !== '2')
    return { packages: await Promise.all(packages.map((path) => place(labFolder, path))) };
  const versioned = async ({ path, version }: Program) => ({ ...(await place(labFolder, path)), version });
  return { containerd: await versioned(programs.containerd), runc: await versioned(programs.runc) };
}

/** What the inventory says of a blank host: what a host of the lab needs, and credentials that its operator brings. */
export async function blankVariables(
  labFolder: string,
  name: string,
  {
    authority,
    server,
    software,
    containerd,
  }: {
    readonly authority: Authority;
    readonly server: string;
    readonly software: Software;
    readonly containerd: ContainerdVersion | undefined;
  },
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
      make: async () => containerdConfiguration(containerd, containerd !== '2'),
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
    artifacts: await runtimeArtifacts(labFolder, software, containerd),
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
