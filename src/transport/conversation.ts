import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { noRootShell } from './login-errors.ts';
import type { Machine, RemoteProcess } from './remote-process.ts';
import { type Sudo, sudoPrompt } from './sudo.ts';
import type { CommandResult } from './transport.ts';

const passwordTimeoutMs = 30_000;

export interface Talk {
  /** The shell on the host writes it with its process id, to both outputs, once it runs; what came before is noise. */
  readonly nonce: string;
  readonly sudo: Sudo | undefined;
  /** Called once nothing but that shell can read what is sent. */
  speak(stdin: Writable): void;
  onOutput?(text: string): void;
}

/** Answers sudo's prompt, once; then what the shell is told, and its answer. Throws when no such shell came about. */
export async function converse(machine: Machine, process: RemoteProcess, talk: Talk): Promise<CommandResult> {
  const { nonce, sudo } = talk;
  const ready = new RegExp(`${nonce}\\d+\\n`);
  const prompt = sudoPrompt(nonce);
  const decoder = new StringDecoder('utf8');
  let isReady = false;
  let isAnswered = false;
  let stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const textOf = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString();
  const failure = (problem: { code?: number | null; isAskedAgain?: boolean }) => {
    const complaint = textOf(stderr).replaceAll(prompt, '').trim();
    const said = (complaint || textOf(stdout).trim()).slice(-500);
    return noRootShell(machine, sudo, { said, isAnswered, ...problem });
  };

  const hear = (chunk: Buffer) => {
    stdout.push(chunk);
    if (isReady) {
      talk.onOutput?.(decoder.write(chunk));
      return;
    }
    const heard = Buffer.concat(stdout);
    const found = ready.exec(heard.toString('latin1'));
    if (!found) return;
    isReady = true;
    stdout = [];
    if (sudo?.password !== undefined) talk.speak(process.stdin);
    hear(heard.subarray(found.index + found[0].length));
  };

  process.stdin.on('error', () => {}); // a command need not read what it is sent
  process.stdout.on('data', hear);
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    const giveUp = (problem: { isAskedAgain?: boolean }) => {
      process.kill(); // a prompt that is left without an answer counts as another wrong password
      reject(failure(problem));
    };
    process.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk);
      if (isReady || sudo?.password === undefined) return;
      const prompts = textOf(stderr).split(prompt).length - 1;
      if (prompts > 0 && !isAnswered) process.stdin.write(`${sudo.password}\n`);
      isAnswered ||= prompts > 0;
      if (prompts > 1) giveUp({ isAskedAgain: true });
    });
    if (sudo?.password === undefined) return;
    timer = setTimeout(() => isReady || giveUp({}), passwordTimeoutMs);
  });
  // without a password to be given, nothing else reads what comes in
  if (sudo?.password === undefined) talk.speak(process.stdin);
  try {
    const { code } = await Promise.race([process.ended, stuck]);
    if (!isReady) throw failure({ code });
    // of the two outputs either may be ahead
    return { code, stdout: textOf(stdout), stderr: textOf(stderr).split(ready).slice(1).join('') };
  } finally {
    clearTimeout(timer);
  }
}
