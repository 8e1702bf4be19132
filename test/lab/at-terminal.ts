import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryFolder } from './shared-lab.ts';

interface Place {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the command at a terminal, where each question gets its answer once it is shown. */
export async function atTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
  { folder = repositoryFolder, environment = {} }: Place = {},
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const words = [process.execPath, join(repositoryFolder, 'provision'), ...args];
  const terminal = spawn('script', ['-qefc', words.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = [...answers];
  let shown = '';
  let answered = 0;
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [question, answer] = left[0] ?? [];
    if (question === undefined || !shown.slice(answered).includes(question)) return;
    left.shift();
    answered = shown.length;
    // what asks for a secret shows nothing of it from a moment later on
    setTimeout(() => terminal.stdin.write(`${answer}\r`), 200);
  });
  const [code] = await once(terminal, 'close');
  return { code, shown };
}
