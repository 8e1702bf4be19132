import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** One line from the terminal, typed without an echo; undefined when the prompt is left, or where there is no terminal. */
export async function askSecret(prompt: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  process.stderr.write(prompt);
  try {
    return await new Promise<string | undefined>((resolve) => {
      terminal.once('line', resolve).once('close', () => resolve(undefined));
    });
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
