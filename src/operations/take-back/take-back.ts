import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { sharedLook } from '../shared-look.ts';
import { readSignature } from './signature.ts';
import { seeRun, takeBack as takeBackScript } from './take-back-script.ts';

const schema = z.strictObject({
  run: z.string().describe('the run to take back'),
  stage: z.string().describe('of it, what this stage did'),
  force: z.boolean().describe('also overwrite files that somebody changed since'),
  expected: z.boolean().describe('whether the host must have a record of it'),
});

type Desired = z.output<typeof schema>;

interface Step {
  readonly number: string;
  readonly stage: string;
  readonly task: string;
  /** Units that it stops. */
  readonly stops?: readonly string[];
}

/** A file that is neither as the run left it nor as it was before. */
interface Drift {
  readonly step: string;
  readonly path: string;
  readonly left: string;
  readonly now: string;
  /** The run that wrote what is there; null when it was none. */
  readonly by: string | null;
}

/** A file that is not as it was before the run. */
interface Restored {
  readonly step: string;
  readonly path: string;
  /** Of what it was: null where there was none, undefined where it was no plain file. */
  readonly sha256: string | null | undefined;
}

interface Actual {
  readonly record: 'here' | 'missing' | 'undone';
  readonly steps: readonly Step[];
  readonly files: readonly Restored[];
  readonly drift: readonly Drift[];
}

/** The line that `remember` writes above a step. */
export const stepTitle = ({ stage, task, stops = [] }: Omit<Step, 'number'>): string =>
  JSON.stringify({ stage, task, ...(stops.length > 0 && { stops }) });

function readStep(value: string): Step {
  const space = value.indexOf(' ');
  return { number: value.slice(0, space), ...JSON.parse(value.slice(space + 1)) };
}

function readDrift(value: string): Drift {
  const [step = '', left = '', now = '', by = '', ...path] = value.split(' ');
  return { step, left, now, by: by === '-' ? null : by, path: path.join(' ') };
}

function readFile(value: string): Restored {
  const [step = '', before = '', ...path] = value.split(' ');
  return { step, sha256: readSignature(before), path: path.join(' ') };
}

const stepsOf = (actual: Actual, { stage }: Desired): readonly Step[] =>
  actual.steps.filter((step) => step.stage === stage);

/** Of files those that the stage wrote last. */
function ofStage<Item extends { readonly step: string }>(items: readonly Item[], actual: Actual, desired: Desired) {
  const numbers = new Set(stepsOf(actual, desired).map((step) => step.number));
  return items.filter((one) => numbers.has(one.step));
}

const driftOf = (actual: Actual, desired: Desired): readonly Drift[] => ofStage(actual.drift, actual, desired);

function explain({ left, now, by }: Drift): string {
  const what = now === 'absent' ? 'was removed' : left === 'absent' ? 'is there again' : 'was changed';
  return `${what} ${by === null ? 'by somebody else' : `by run ${by}`}`;
}

/** What one stage of a run did to a host, taken back by what the host itself remembers, newest first. */
export const takeBack = defineOperation({
  name: 'take_back',
  schema,
  timeoutSeconds: 300,
  probe: ({ run }) => sharedLook(joinScripts([seeRun, sh`see_run ${run}`])),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    const has = (key: string): boolean => valuesOf(key).length > 0;
    return {
      record: has('missing') ? 'missing' : has('undone') ? 'undone' : 'here',
      steps: valuesOf('step').map(readStep),
      files: valuesOf('file').map(readFile),
      drift: valuesOf('drift').map(readDrift),
    };
  },
  diff(actual, desired) {
    refuse(actual, desired);
    return [
      ...driftOf(actual, desired).map(({ path }) => ({ subject: path, action: 'overwrite, a copy stays on the host' })),
      ...stepsOf(actual, desired).map(({ task }) => ({ subject: task, action: 'take back' })),
    ];
  },
  apply: (desired, actual) =>
    joinScripts([
      takeBackScript,
      ...driftOf(actual, desired).map(({ path }) => sh`overwrite ${path}`),
      sh`take_back ${desired.run} ${stepsOf(actual, desired).at(-1)?.number ?? ''}`,
    ]),
  undo: { irreversible: 'what was taken back is brought about again by another `up`' },
  writes: (desired, actual) =>
    ofStage(actual.files, actual, desired).flatMap(({ path, sha256 }) =>
      sha256 === undefined ? [] : [{ path, sha256 }],
    ),
  takesDown: (desired, actual) => stepsOf(actual, desired).flatMap(({ stops = [] }) => stops),
});

/** Throws UNDO_DATA_MISSING and DRIFTED. */
function refuse(actual: Actual, desired: Desired): void {
  const { run } = desired;
  if (actual.record === 'missing' && desired.expected)
    throw new ProvisionError({
      code: 'UNDO_DATA_MISSING',
      kind: 'operation',
      what: `the host no longer knows how to take run ${run} back`,
      why: `/var/lib/provision/undo/${run} is not there; a host keeps the last ten runs, a wiped one none`,
      fix: "Leave the host out with --limit '!HOST', and bring it to what you want with `provision up`. Where all hosts are new, delete the run's folder in .provision/runs.",
    });
  const drift = driftOf(actual, desired);
  if (drift.length === 0 || desired.force) return;
  const later = drift.find((one) => one.by !== null)?.by;
  const isOne = drift.length === 1;
  throw new ProvisionError({
    code: 'DRIFTED',
    kind: 'operation',
    what: `${isOne ? 'a file is' : `${drift.length} files are`} not as run ${run} left ${isOne ? 'it' : 'them'}`,
    why: drift.map((one) => `${one.path} ${explain(one)}`).join('\n'),
    fix: later
      ? `Take the later run back first: provision undo ${later}.`
      : `${compare(drift, actual, run)}; --force overwrites ${isOne ? 'it and keeps a copy of what it is now' : 'them and keeps copies of what they are now'}.`,
  });
}

/** What to do about files that somebody changed, by the copies of before: of some there was nothing. */
function compare(drift: readonly Drift[], { files }: Actual, run: string): string {
  const kept = drift.filter(({ path }) => files.some((file) => file.path === path && file.sha256 !== null));
  const [only] = kept;
  const isOne = drift.length === 1;
  if (only === undefined) return `See what ${isOne ? 'it is' : 'they are'} for: before the run there was none`;
  const path = kept.length === 1 ? only.path : '/PATH';
  return `Compare ${isOne ? 'it' : 'them'} with ${kept.length === 1 ? 'the copy' : 'the copies'} of before the run, /var/lib/provision/undo/${run}/files${path} on the host`;
}
