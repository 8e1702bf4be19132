import { copyFile, mkdir, rm } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { ProvisionError } from '../errors.ts';
import { assetsFolder } from './assets.ts';
import { cached } from './cached.ts';
import { must } from './execute.ts';
import { neededGo, openGo } from './go.ts';
import { currentKubernetes, kubernetesPrograms, versionStamp } from './kubernetes-version.ts';

/**
 * Today's Kubernetes, built with the Go of this machine from the modules that the lab's own go.mod names and its go.sum
 * knows the checksums of. LAB_KUBERNETES_IMPOSSIBLE without Go or modules.
 */
export async function kubernetesFromModules(cacheFolder: string, say: (line: string) => void): Promise<string> {
  const version = currentKubernetes;
  return cached(join(cacheFolder, `kubernetes-v${version}-${arch()}`), say, async (unfinished) => {
    say(`Building Kubernetes ${version} from its modules; this takes some minutes, once`);
    const tree = join(unfinished, 'build');
    const module = join(tree, 'module');
    await mkdir(module, { recursive: true });
    const minor = version.split('.').slice(0, 2).join('.');
    for (const name of ['go.mod', 'go.sum'])
      await copyFile(join(assetsFolder(), `kubernetes-${minor}`, name), join(module, name));
    const log = join(cacheFolder, `kubernetes-v${version}-build.log`);
    const environment = { CGO_ENABLED: '0' };
    const go = await openGo({ tree, log, folder: module, environment, impossible });
    const commands = kubernetesPrograms.map((program) => `k8s.io/kubernetes/cmd/${program}`);
    const stamp = versionStamp(version, '2026-01-01T00:00:00Z');
    await go('build', '-trimpath', '-ldflags', stamp, '-o', `${unfinished}/`, ...commands);
    const source = (await go('list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes')).trim();
    await must('gcc', ['-Os', '-static', '-o', `${unfinished}/pause`, join(source, 'build/pause/linux/pause.c')], {
      log,
    });
    await copyFile(join(source, 'LICENSE'), join(unfinished, 'LICENSE'));
    await rm(tree, { recursive: true });
  });
}

const impossible = (why: string): ProvisionError =>
  new ProvisionError({
    code: 'LAB_KUBERNETES_IMPOSSIBLE',
    kind: 'operation',
    what: `Kubernetes ${currentKubernetes} cannot be built on this machine`,
    why,
    fix: `Install Go ${neededGo} or later and let it fetch modules, or start the lab with the older Kubernetes.`,
  });
