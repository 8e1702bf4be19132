import { planRun } from '../../engine/plan-run.ts';
import { quote } from '../../shell.ts';
import { announce, perform } from '../run/execute-run.ts';
import { exitCodeOf, printError } from '../terminal/output.ts';
import { wireRun } from '../wire/wire-run.ts';
import type { UpOptions } from './up.ts';

/** 2 says that there is something to do, so what is wrong with the command line or the inventory exits with 1. */
export const planExitCode = (errorExitCode: number): number => (errorExitCode === 2 ? 1 : errorExitCode);

/** The command `plan`; resolves to its exit code: 0 for nothing to do, 2 for something, else that of the first failure. */
export async function plan(inventory: string, options: UpOptions): Promise<number> {
  try {
    const { status, exitCode } = await perform(
      options,
      async (emit) => ({ ...(await wireRun('up', inventory, options, emit)), command: 'plan' }),
      { perform: planRun, interrupted: 'nothing was changed.' },
    );
    if (status === 'failed') return planExitCode(exitCode);
    if (status === 'ok') return 0;
    announce(options, `do it: ${sameCommand('up')}`);
    return 2;
  } catch (error) {
    printError(error);
    return planExitCode(exitCodeOf(error));
  }
}

/** The command line that does what was planned, with `further` words; host keys are recorded by now. */
export const sameCommand = (
  command: string,
  leftOut: readonly string[] = [],
  further: readonly string[] = [],
): string =>
  [
    `./provision ${command}`,
    ...further,
    ...process.argv
      .slice(2 + command.split(' ').length)
      .filter((word) => !/^--accept-new-host-keys?$/.test(word) && !leftOut.includes(word))
      .map(quote),
  ].join(' ');
