import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ProvisionError } from '../../src/errors.ts';
import { prepareMachine } from '../../src/lab/machine.ts';
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
  project.provide('lab', { folder });
}
