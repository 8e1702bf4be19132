import { ProvisionError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { CertificateRequest } from '../kubernetes/identity/issue-certificate.ts';
import { unprovenMark } from '../operations/facts/facts.ts';
import { foldRuns } from '../operations/facts/fold-runs.ts';
import { readFailure } from '../operations/failure.ts';
import type { DistantFiles } from '../operations/operation.ts';
import { prelude } from '../operations/prelude.ts';
import { stepTitle } from '../operations/take-back/take-back.ts';
import { sh } from '../shell.ts';
import { type Host, undoFolder } from './host.ts';
import { type PlannedTask, probeItem, readProbe } from './plan.ts';
import type { TripAnswer, TripItem } from './trip.ts';

export interface ApplyContext {
  readonly run: string;
  /** Who and where, for a second run that finds the host locked. */
  readonly holder: string;
  readonly stage: string;
  readonly emit: Emit;
  /** Whether the host keeps how to take each task back. */
  readonly remembers: boolean;
  /** Makes a certificate, PEM, where the CA's key is. */
  sign(request: CertificateRequest): Promise<string>;
  /** Reads files of another host, each in base64. */
  copy(files: DistantFiles): Promise<readonly string[]>;
}

/** Makes the folder of this run's before-images, and folds all but the last ten runs into one record. */
const prepareItem = ({ run, remembers }: ApplyContext): TripItem => ({
  id: 'prepare',
  kind: 'apply',
  timeoutSeconds: 30,
  source: `set -eu
mkdir -p -m 0700 /var/lib/provision ${undoFolder} ${undoFolder}/${run}
: >${unprovenMark}
${
  remembers
    ? sh`mkdir -p "$PROVISION_UNDO/steps"
printf %s ${prelude.source} | store "$PROVISION_UNDO/prelude"`.source
    : ''
}
${foldRuns.source}
fold_runs`,
});

/** The script that changes a host, after the one that can take it back was stored there. */
function applySource({ task, actual, upcoming }: PlannedTask, { stage, remembers }: ApplyContext): string {
  const { apply, undo, undoStops } = task.operation;
  const stops = undoStops?.(actual, task.desired) ?? [];
  const remember =
    remembers && typeof undo === 'function'
      ? sh`remember ${stepTitle({ stage, task: task.name, stops })} ${undo(actual, task.desired).source}`.source
      : '';
  return `set -eu\n${remember}\n${apply(task.desired, actual, upcoming).source}`;
}

/** Tasks that can travel together: none after one that something has to come from elsewhere for. */
function splitAtErrands(planned: readonly PlannedTask[]): readonly (readonly number[])[] {
  const groups: number[][] = [[]];
  planned.forEach(({ task }, index) => {
    groups.at(-1)?.push(index);
    if ((task.operation.signing || task.operation.copying) && index < planned.length) groups.push([]);
  });
  return groups;
}

/**
 * Sends the changed tasks of one host and a second look at them in one command, in another one what follows a certificate or a copy.
 * Throws TASK_FAILED, DID_NOT_CONVERGE, and what signing and the transport throw; tasks after a failed one are not run.
 */
export async function applyTasks(host: Host, planned: readonly PlannedTask[], context: ApplyContext): Promise<void> {
  const { stage, emit } = context;
  const applyItem = (index: number): TripItem[] => {
    const one = planned[index];
    if (one === undefined) return [];
    const timeoutSeconds = one.task.operation.timeoutSeconds ?? 60;
    const source = applySource(one, context);
    return [{ id: `apply ${index}`, label: one.task.name, kind: 'apply', timeoutSeconds, source }];
  };
  const looks = planned.map(({ task }, index) => probeItem(task, `look ${index}`));
  const onStart = (id: string): void => {
    if (isWaiting) tell('is free again');
    isWaiting = false;
    const started = /^apply (\d+)$/.exec(id);
    const task = planned[Number(started?.[1] ?? -1)]?.task.name;
    if (task !== undefined) emit({ type: 'task-started', stage, host: host.name, task });
  };
  const tell = (detail: string): void =>
    emit({ type: 'progress', stage, task: planned[0]?.task.name ?? '', detail: `${host.name} ${detail}` });
  let isWaiting = false;
  const onWait = (holder: string): void => {
    isWaiting = true;
    tell(`still does what it was sent by ${holder}`);
  };
  const answers = new Map<string, TripAnswer>();
  const send = async (items: readonly TripItem[]): Promise<void> => {
    for (const [id, answer] of await host.trip({ items, lock: context.holder, onStart, onWait }))
      answers.set(id, answer);
  };
  let items: TripItem[] = [prepareItem(context)];
  const groups = splitAtErrands(planned);
  for (const group of groups.slice(0, -1)) {
    await send([...items, ...group.flatMap(applyItem)]);
    const signed = group.at(-1) ?? 0;
    items = await finishing(planned[signed], signed, answers.get(`apply ${signed}`), context);
    if (items.length === 0) break;
  }
  // after a failure there is nothing but to look
  const rest = [...answers.values()].some(({ code }) => code !== 0) ? [] : (groups.at(-1) ?? []);
  await send([...items, ...rest.flatMap(applyItem), ...looks]);
  const prepared = answers.get('prepare');
  if (prepared?.code !== 0) throw taskFailed(host, 'making /var/lib/provision', prepared);
  for (const [index, { task, changes }] of planned.entries()) {
    const applied = answers.get(`finish ${index}`) ?? answers.get(`apply ${index}`);
    for (const [, message = ''] of applied?.stdout.matchAll(/^provision-warning: (.*)$/gm) ?? [])
      emit({ type: 'warning', host: host.name, message });
    if (applied?.code !== 0) throw taskFailed(host, task.name, applied);
    const left = task.operation.diff(readProbe(task, answers.get(`look ${index}`), host.name), task.desired, {
      files: new Map(),
    });
    if (left.length > 0) {
      throw new ProvisionError({
        code: 'DID_NOT_CONVERGE',
        kind: 'operation',
        what: `${host.name}: '${task.name}' was applied, but the host still differs`,
        why: left.map((change) => `${change.subject}: ${change.action}`).join('\n'),
        fix: 'Something else on the host changes it back, or it cannot be set there; see what it names.',
      });
    }
    const output = [...(applied?.stdout.matchAll(/^provision-output: (.*)$/gm) ?? [])].map(([, line = '']) => line);
    const said = output.length > 0 ? { output: output.join('\n') } : {};
    emit({ type: 'task-finished', stage, host: host.name, task: task.name, status: 'changed', changes, ...said });
  }
}

/** What puts a certificate or copies in their place; nothing after a failure. */
async function finishing(
  one: PlannedTask | undefined,
  index: number,
  answer: TripAnswer | undefined,
  { sign, copy, remembers }: ApplyContext,
): Promise<TripItem[]> {
  if (!one || answer?.code !== 0) return [];
  const { task, actual } = one;
  const { signing, copying, timeoutSeconds = 60 } = task.operation;
  const request = signing?.request(answer.stdout, task.desired, actual);
  const contents = copying && (await copy(copying.source(task.desired, actual)));
  const script = [
    ...(signing && request ? [signing.finish(task.desired, await sign(request)).source] : []),
    ...(copying && contents ? [copying.finish(task.desired, actual, contents).source] : []),
    ':',
  ].join('\n');
  // what it leaves belongs to the step of `apply`, the last one
  const step = remembers ? '_step=$(ls "$PROVISION_UNDO/steps" | tail -n 1)' : '';
  const source = `set -eu\n${step}\n${script}`;
  return [{ id: `finish ${index}`, label: task.name, kind: 'apply', timeoutSeconds, source }];
}

/** The error a script named itself, or what it wrote before it ended. */
function taskFailed(host: Host, task: string, answer: TripAnswer | undefined): ProvisionError {
  const named = readFailure(answer?.stderr ?? '');
  const why = named ? named.why : answer?.stderr || `exit status ${answer?.code ?? 'unknown'}`;
  return new ProvisionError({
    code: named?.code ?? 'TASK_FAILED',
    kind: 'operation',
    what: `${host.name}: '${task}' failed${named ? `: ${named.what}` : ''}`,
    ...(why ? { why } : {}),
    fix: `${named?.fix ?? 'Mend what it names'}; then run again: what is done stays done, and what was due is still due.`,
  });
}
