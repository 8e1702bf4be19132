import { reportFailures } from '../../engine/guard.ts';
import { type PlanStatus, planRun } from '../../engine/plan-run.ts';
import { run } from '../../engine/run.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import { ProvisionError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { createNdjson } from '../../reporters/ndjson.ts';
import { canAsk, confirm } from '../terminal/confirm.ts';
import { exitCodeOf, printError } from '../terminal/output.ts';
import { planExitCode, sameCommand } from '../up/plan.ts';
import { withLock } from '../wire/wire-lock.ts';
import type { PreparedRun } from '../wire/wire-run.ts';
import { announce, perform, type ShowOptions } from './execute-run.ts';

export interface AskingOptions extends ShowOptions {
  /** Show the plan and change nothing. */
  readonly plan: boolean;
  /** Do not ask. */
  readonly yes: boolean;
  /** The run that is gone on with. */
  readonly resumes?: string;
}

/** A command that shows its plan and asks before it does anything. */
export interface PlannedCommand<Prepared extends PreparedRun = PreparedRun> {
  readonly command: string;
  readonly inventory: string;
  /** Reads and checks everything that needs no host. */
  prepare(emit: Emit): Promise<Prepared>;
  readonly question: string;
  /** What a plan that nobody can agree to would have done. */
  readonly wouldBe: string;
  /** What to say when a person stops it. */
  readonly interrupted: string;
  /** What the first signal is answered with, where it only asks for an end after the batch in hand. */
  readonly stopsGently?: string;
  /** Told after a plan that did not fail. */
  tellPlanned?(prepared: Prepared, emit: Emit): void;
  /** Told after a run that did not fail. */
  tellDone?(prepared: Prepared, emit: Emit): void;
}

/** The plan, a question, and then the run; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export async function runPlanned<Prepared extends PreparedRun>(
  options: AskingOptions,
  asked: PlannedCommand<Prepared>,
): Promise<number> {
  const ready: { run?: Prepared } = {};
  const planned = await showPlan(options, asked, ready);
  if (options.plan || planned.status === 'failed' || !ready.run) return planned.exitCode;
  // a run that goes on with another one settles it, also where nothing is left to do
  if (planned.status === 'ok' && options.resumes === undefined) return 0;
  const prepared = ready.run;
  const answer = options.yes || planned.status === 'ok' ? 'yes' : await ask(options, asked);
  if (answer !== 'yes') return answer;
  const { interrupted, stopsGently } = asked;
  const performance = {
    async perform(request: RunRequest) {
      request.journal.record({ type: 'agreed' });
      const status = await run(request);
      if (status === 'changed') asked.tellDone?.(prepared, request.emit);
      return status;
    },
    interrupted,
    ...(stopsGently !== undefined && { stopsGently }),
  };
  return (await perform(options, async (emit) => withLock(prepared.begin(emit), asked.inventory), performance))
    .exitCode;
}

/** What a plan is made of; `doIt` says the command that does it, where that is not the same one without --plan. */
type ShownPlan<Prepared extends PreparedRun> = Pick<PlannedCommand<Prepared>, 'command' | 'prepare' | 'tellPlanned'> & {
  doIt?(): string;
};

/** Shows the plan; what it was made of is left in `ready`. */
export async function showPlan<Prepared extends PreparedRun>(
  options: ShowOptions & { readonly plan: boolean },
  asked: ShownPlan<Prepared>,
  ready: { run?: Prepared } = {},
) {
  const wire = async (emit: Emit) => {
    ready.run = await asked.prepare(emit);
    return { ...ready.run.begin(emit), command: 'plan' };
  };
  const performance = {
    perform: async (request: RunRequest): Promise<PlanStatus> => {
      const status = await planRun(request);
      if (status !== 'failed' && ready.run) asked.tellPlanned?.(ready.run, request.emit);
      return status;
    },
    interrupted: 'nothing was changed.',
  };
  if (!options.plan) return perform(options, wire, performance);
  try {
    const { status, exitCode } = await perform(options, wire, performance);
    if (status === 'due') announce(options, `do it: ${asked.doIt?.() ?? sameCommand(asked.command, ['--plan'])}`);
    return { status, exitCode: status === 'due' ? 2 : planExitCode(exitCode) };
  } catch (error) {
    printError(error);
    return { status: 'failed', exitCode: planExitCode(exitCodeOf(error)) };
  }
}

/** An exit code for anything but a yes. Throws NOT_CONFIRMED where there is nobody to ask. */
async function ask(
  options: AskingOptions,
  { question, wouldBe }: Pick<PlannedCommand, 'question' | 'wouldBe'>,
): Promise<'yes' | number> {
  if (!canAsk()) {
    if (options.output === 'text') throw notConfirmed(wouldBe);
    return reportFailures(notConfirmed(wouldBe), createNdjson({ stream: process.stdout }).show, {}).exitCode;
  }
  const answer = await confirm(question);
  if (answer) return 'yes';
  process.stderr.write('Nothing was changed.\n');
  return answer === undefined ? 130 : 1;
}

const notConfirmed = (wouldBe: string): ProvisionError =>
  new ProvisionError({
    code: 'NOT_CONFIRMED',
    kind: 'usage',
    what: `${wouldBe}, and there is no terminal to ask at; nothing was changed`,
    fix: 'Add --yes to have it done without a question, or --plan to see only what would be done.',
  });
