import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { cached } from './cached.ts';
import type { PrivateApt } from './debian-archive.ts';
import { must } from './execute.ts';
import { dockershimKubernetes, kubernetesPrograms, versionStamp } from './kubernetes-version.ts';

/**
 * Kubernetes 1.20.2 from Debian's source, built with the Go of its time (newer ones compile it into an API server that
 * crashes); returns the folder of the programs and of `pause`.
 */
export async function kubernetesFromDebian(
  cacheFolder: string,
  apt: PrivateApt,
  say: (line: string) => void,
): Promise<string> {
  const version = dockershimKubernetes;
  return cached(join(cacheFolder, `kubernetes-v${version}-${arch()}`), say, async (unfinished) => {
    say(`Building Kubernetes ${version} from Debian's source; this takes some minutes, once`);
    const log = join(cacheFolder, `kubernetes-v${version}-build.log`);
    const tree = join(unfinished, 'build');
    const source = join(tree, 'go/src/k8s.io/kubernetes');
    for (const name of ['packages', 'home', 'go/src/k8s.io']) await mkdir(join(tree, name), { recursive: true });

    await apt.downloadSource('kubernetes', join(tree, 'packages'), log);
    await apt.download(['golang-1.15-go', 'golang-1.15-src'], join(tree, 'packages'), log);
    for (const name of await readdir(join(tree, 'packages'))) {
      const file = join(tree, 'packages', name);
      if (name.endsWith('.deb')) await must('dpkg-deb', ['-x', file, join(tree, 'golang')], { log });
      if (name.endsWith('.dsc')) await must('dpkg-source', ['--no-check', '-x', file, source], { log });
    }

    const goroot = join(tree, 'golang/usr/lib/go-1.15');
    const clean = [`HOME=${tree}/home`, `PATH=${goroot}/bin:/usr/sbin:/usr/bin:/sbin:/bin`, 'LC_ALL=C.UTF-8'];
    const go = [`GOROOT=${goroot}`, `GOPATH=${tree}/go`, `GOCACHE=${tree}/cache`, 'GOPROXY=off', 'GOSUMDB=off'];
    const build = (...command: string[]): Promise<string> =>
      must('nice', ['-n', '10', 'env', '-i', ...clean, ...go, ...command], { folder: source, log });
    await build('make', 'generated_files');
    say(`Compiling ${kubernetesPrograms.join(', ')}`);
    const modules = ['CGO_ENABLED=0', 'GO111MODULE=on', 'GOFLAGS=-mod=vendor'];
    const commands = kubernetesPrograms.map((program) => `./cmd/${program}`);
    await build(
      ...modules,
      'go',
      'build',
      '-trimpath',
      '-ldflags',
      versionStamp(version, '2021-01-13T00:00:00Z'),
      '-o',
      `${unfinished}/`,
      ...commands,
    );
    await must('gcc', ['-Os', '-static', '-o', `${unfinished}/pause`, 'build/pause/linux/pause.c'], {
      folder: source,
      log,
    });
    await copyFile(join(source, 'LICENSE'), join(unfinished, 'LICENSE'));
    await must('rm', ['-rf', tree]);
  });
}
