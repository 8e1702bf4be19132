import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ProvisionError } from '../../src/errors.ts';
import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import { prepareMachine } from '../../src/lab/machine.ts';
import { buildCurrentKubernetes, buildFlannelds } from './built-from-modules.ts';
import { repositoryFolder, say } from './shared-lab.ts';

/** For tests that make labs of their own: where, or why there can be none. */
export default async function setup(project: TestProject): Promise<void> {
  const folder = join(repositoryFolder, '.provision');
  await mkdir(folder, { recursive: true });
  try {
    await prepareMachine(folder, say);
  } catch (error) {
    if (!(error instanceof ProvisionError) || error.code !== 'LAB_IMPOSSIBLE') throw error;
    if (process.env['PROVISION_LAB'] === 'required') throw error;
    say(`no test that needs a lab is run: ${error.why}`);
    project.provide('lab', { impossible: error.why ?? error.what });
    return;
  }
  const withoutFlanneld = await whyWithout('flanneld', 'LAB_FLANNELD_IMPOSSIBLE', buildFlannelds);
  const current = `Kubernetes ${currentKubernetes}`;
  const withoutCurrent = await whyWithout(current, 'LAB_KUBERNETES_IMPOSSIBLE', buildCurrentKubernetes);
  project.provide('lab', {
    folder,
    ...(withoutFlanneld !== undefined && { withoutFlanneld }),
    ...(withoutCurrent !== undefined && { withoutCurrent }),
  });
}

/** Builds once what labs would wait for; an answer only where it may be missing. */
async function whyWithout(
  what: string,
  code: string,
  build: (say: (line: string) => void) => Promise<void>,
): Promise<string | undefined> {
  try {
    await build(say);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProvisionError) || error.code !== code) throw error;
    if (process.env['PROVISION_LAB'] === 'required') throw error;
    say(`no test that needs ${what} is run: ${error.why}`);
    return error.why ?? error.what;
  }
}
