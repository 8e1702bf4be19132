import { reportFailures } from '../engine/guard.ts';
import { run } from '../engine/run.ts';
import { createReporter } from '../reporters/reporter.ts';
import { wantsColor } from './output.ts';
import { type RunOptions, wireRun } from './wire.ts';

export interface UpOptions extends RunOptions {
  readonly output: 'text' | 'json';
  readonly verbose: boolean;
}

/** The command `up`; resolves to its exit code: 0, or that of the first failure. */
export async function up(inventory: string, options: UpOptions): Promise<number> {
  const display = createReporter({
    output: options.output,
    isTerminal: process.stdout.isTTY === true && process.env['TERM'] !== 'dumb',
    color: wantsColor(process.stdout),
    verbose: options.verbose,
    stream: process.stdout,
  });
  let exitCode = 0;
  const stop = (signal: NodeJS.Signals) =>
    void display.close().then(() => {
      process.stderr.write(
        `Interrupted: hosts finish what they were sent. Run again: what is still due is done then.\n`,
      );
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const request = await wireRun('up', inventory, options, (event) => {
      if (event.type === 'failure') exitCode ||= event.error.exitCode;
      display.show(event);
    });
    const status = await run(request);
    return status === 'failed' ? exitCode || 4 : 0;
  } catch (error) {
    if (options.output === 'text') throw error;
    return reportFailures(error, display.show, {}).exitCode;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await display.close();
  }
}
