import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { HostSummary, RunEvent } from '../../src/events.ts';
import { repositoryFolder } from './shared-lab.ts';

/** An error as it stands in NDJSON. */
export interface ToldError {
  readonly code: string;
  readonly kind: string;
  readonly what: string;
  readonly where?: string;
  readonly why?: string;
  readonly fix?: string;
  readonly exitCode: number;
}

type Told =
  | Exclude<RunEvent, { readonly type: 'failure' }>
  | { readonly type: 'failure'; readonly host?: string; readonly stage?: string; readonly error: ToldError };
export type ToldEvent = Told & { readonly time: string };

export interface Outcome {
  /** Null when it died of a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run extends Outcome {
  readonly events: readonly ToldEvent[];
  /** Codes of all errors, told as events or printed before the run began. */
  readonly codes: readonly string[];
  readonly failures: readonly Extract<ToldEvent, { readonly type: 'failure' }>[];
  /** The changed tasks as "host: task". */
  readonly changed: readonly string[];
  summary(host: string): HostSummary;
}

const program = join(repositoryFolder, 'provision');

/** What a process writes until it has ended. */
export function collectOutcome(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...output }));
  });
}

/** Where a command is run: in which folder, and by what other program. */
export interface Place {
  readonly folder?: string;
  readonly through?: readonly string[];
}

/** Starts the command and lets the caller end it before its time. */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { folder = repositoryFolder, through = [] }: Place = {},
): { readonly child: ChildProcess; readonly outcome: Promise<Outcome> } {
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const [first = '', ...rest] = [...through, process.execPath, program, ...args];
  const child = spawn(first, rest, {
    cwd: folder,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, outcome: collectOutcome(child) };
}

/** Runs the command to its end. */
export const runCommand = (
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
  place?: Place,
): Promise<Outcome> => startCommand(args, environment, place).outcome;

/** Runs `up INVENTORY --output json` and reads its events; a line that is no event throws. */
export async function runUp(inventory: string, ...options: readonly string[]): Promise<Run> {
  return readRun(await runCommand(['up', inventory, '--output', 'json', ...options]));
}

/** Runs `undo RUN --output json` and reads its events. */
export const runUndo = async (run: string, ...options: readonly string[]): Promise<Run> =>
  readRun(await runCommand(['undo', run, '--output', 'json', ...options]));

/** The run's own name, to take back that one: other tests have their journals in the same folder. */
export function idOf(run: Run): string {
  const started = run.events.findLast((event) => event.type === 'run-started'); // a plan may have gone before
  if (started?.type !== 'run-started') throw new Error(`no run began:\n${run.stdout}${run.stderr}`);
  return started.run;
}

/** What a run or a plan warns of, in its order. */
export const warningsOf = ({ events }: Pick<Run, 'events'>): readonly string[] =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

export function readRun(outcome: Outcome): Run {
  const lines = outcome.stdout.split('\n').filter((line) => line !== '');
  const events = lines.map((line): ToldEvent => JSON.parse(line));
  const failures = events.filter((event) => event.type === 'failure');
  const printed = [...outcome.stderr.matchAll(/^✖ ([A-Z_]+)/gm)].map(([, code = '']) => code);
  return {
    ...outcome,
    events,
    failures,
    codes: [...failures.map((failure) => failure.error.code), ...printed],
    changed: events.flatMap((event) =>
      event.type === 'task-finished' && event.status === 'changed' ? [`${event.host}: ${event.task}`] : [],
    ),
    summary(host) {
      const finished = events.findLast((event) => event.type === 'run-finished');
      const found = finished?.hosts.find((one) => one.host === host);
      if (!found) throw new Error(`the run says nothing of ${host}:\n${outcome.stdout}${outcome.stderr}`);
      return found;
    },
  };
}
