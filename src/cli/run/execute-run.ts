import { reportFailures } from '../../engine/guard.ts';
import { type RunStatus, run } from '../../engine/run.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import type { Emit } from '../../events.ts';
import { createReporter } from '../../reporters/reporter.ts';
import { secrets } from '../login/secrets.ts';
import { wantsColor } from '../terminal/output.ts';

export interface ShowOptions {
  readonly output: 'text' | 'json';
  readonly verbose: boolean;
  readonly debug?: boolean;
}

/** What is done with a run once it is put together, and what to say when a person stops it. */
interface Performance<Status> {
  readonly perform: (request: RunRequest) => Promise<Status>;
  readonly interrupted: string;
  /** What the first signal is answered with, where it only asks for an end after the batch in hand. */
  readonly stopsGently?: string;
}

interface Outcome<Status> {
  readonly status: Status | 'failed';
  /** 0, or that of the first failure. */
  readonly exitCode: number;
}

const carryOut: Performance<RunStatus> = {
  perform: run,
  interrupted: 'hosts finish what they were sent. Run again: what is still due is done then.',
};

/** Puts a run together, carries it out, and resolves to its exit code. */
export const execute = async (show: ShowOptions, wire: (emit: Emit) => Promise<RunRequest>): Promise<number> =>
  (await perform(show, wire, carryOut)).exitCode;

/** Puts a run together and shows what is done with it. */
export async function perform<Status extends string>(
  { output, verbose, debug }: ShowOptions,
  wire: (emit: Emit) => Promise<RunRequest>,
  { perform, interrupted, stopsGently }: Performance<Status>,
): Promise<Outcome<Status>> {
  const display = createReporter({
    output,
    isTerminal: process.stdout.isTTY === true && process.env['TERM'] !== 'dumb' && !debug,
    color: wantsColor(process.stdout),
    verbose,
    stream: process.stdout,
    redact: secrets.redact,
  });
  let exitCode = 0;
  let lock: RunRequest['lock'];
  let isStopping = false;
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) return;
    if (stopsGently !== undefined && !stopping.signal.aborted) {
      stopping.abort();
      display.show({ type: 'stopping', message: stopsGently });
      return;
    }
    isStopping = true;
    void Promise.all([display.close(), lock?.release('stop')]).then(() => {
      process.stderr.write(`Interrupted: ${interrupted}\n`);
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  };
  // not `once`: the live display would find nobody else listening, and end the process itself
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const request = await wire((event) => {
      if (isStopping) return;
      if (event.type === 'failure') exitCode ||= event.error.exitCode;
      display.show(event);
    });
    lock = request.lock;
    const status = await perform({ ...request, stopping: stopping.signal });
    return { status, exitCode: status === 'failed' || status === 'stopped' ? exitCode || 4 : 0 };
  } catch (error) {
    if (output === 'text') throw error;
    return { status: 'failed', exitCode: reportFailures(error, display.show, {}).exitCode };
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await display.close();
  }
}

/** A line for a person, ahead of a run. */
export function announce({ output }: ShowOptions, line: string): void {
  if (output === 'text') process.stdout.write(`${line}\n`);
}

/** A time as the clock of this machine shows it, to the second. */
export const localTime = (iso: string): string => new Date(iso).toLocaleString('sv-SE');
