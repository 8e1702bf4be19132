import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectOutcome, type Outcome, runCommand } from './run-up.ts';
import { repositoryFolder } from './shared-lab.ts';

export interface ChangedPackage {
  readonly folder: string;
  /** Runs a command of it in its own folder, with nothing but these variables beside PATH and HOME. */
  start(args: readonly string[], environment: Readonly<Record<string, string>>): StartedCommand;
}

export interface StartedCommand {
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
}

/** The program as it is, with another playbook and further templates, in a folder of its own. */
export async function changePackage(
  folder: string,
  playbook: string,
  templates: Readonly<Record<string, string>>,
): Promise<ChangedPackage> {
  await runCommand(['--version']); // builds the bundle where sources are newer
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const part of ['dist', 'templates', 'package.json'])
    cpSync(join(repositoryFolder, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'playbooks'));
  writeFileSync(join(folder, 'playbooks/up.yaml'), playbook);
  for (const [name, text] of Object.entries(templates)) writeFileSync(join(folder, 'templates', name), text);

  return {
    folder,
    start(args, environment) {
      const { PATH = '', HOME = '/' } = process.env;
      const child = spawn(process.execPath, [join(folder, 'dist/main.js'), ...args], {
        cwd: folder,
        env: { PATH, HOME, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { pid: child.pid ?? 0, outcome: collectOutcome(child) };
    },
  };
}
