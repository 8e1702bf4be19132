import { createInterface } from 'node:readline/promises';

/** Whether there is a person to ask; what is asked goes to standard error, so that standard output may be a file. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Anything but y and yes is a no; undefined where the question is left with Ctrl-C. */
export async function confirm(question: string): Promise<boolean | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, historySize: 0 });
  try {
    return await new Promise<boolean | undefined>((resolve) => {
      const leave = (answer: boolean | undefined) => () => {
        process.stderr.write('\n');
        resolve(answer);
      };
      terminal.once('SIGINT', leave(undefined)).once('close', leave(false));
      terminal.question(`${question} [y/N] `).then(
        (answer) => resolve(/^y(es)?$/i.test(answer.trim())),
        () => resolve(false),
      );
    });
  } finally {
    terminal.removeAllListeners('close').close();
  }
}
