import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { ProvisionError } from '../errors.ts';

export interface Execution {
  /** The exit status; 255 when the program died of a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecuteOptions {
  readonly input?: string;
  readonly folder?: string;
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that gets both outputs as well. */
  readonly log?: string;
}

const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** Runs a program of this machine to its end, whatever its exit status. */
export function execute(program: string, args: readonly string[], options: ExecuteOptions = {}): Promise<Execution> {
  const environment = Object.entries({ ...baseEnvironment, ...options.environment });
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/env', [...environment.map(([name, value]) => `${name}=${value}`), program, ...args], {
      cwd: options.folder ?? '/',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        if (options.log !== undefined) appendFileSync(options.log, text);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 255, ...output }));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n');

/** Runs a program that has to succeed and returns its standard output; a failure carries its last lines. */
export async function must(program: string, args: readonly string[], options: ExecuteOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await execute(program, args, options);
  if (code === 0) return stdout;
  throw new ProvisionError({
    code: 'LAB_COMMAND_FAILED',
    kind: 'operation',
    what: `\`${[program, ...args].join(' ').slice(0, 200)}\` ended with ${code}`,
    why: lastLines(`${stdout}\n${stderr}`, 15),
    fix:
      options.log === undefined ? 'Remove the cause and run the command again.' : `The whole log is in ${options.log}.`,
  });
}

/** True when the program exits with 0. */
export const succeeds = async (program: string, args: readonly string[]): Promise<boolean> =>
  (await execute(program, args).catch(() => ({ code: 127 }))).code === 0;
