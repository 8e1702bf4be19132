import { spawn } from 'node:child_process';

export interface ExecResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script as root on a host that may be broken. */
export type Exec = (script: string) => Promise<ExecResult>;

/** A host behind a command line that runs what it reads, such as `ssh root@host sh -s`. */
export const execThrough =
  (commandLine: string): Exec =>
  (script) =>
    new Promise((resolve, reject) => {
      const child = spawn('/bin/sh', ['-c', commandLine]);
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
      child.stdin.on('error', () => {}).end(script);
    });
