import { ProvisionError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { unprovenMark } from '../operations/facts.ts';
import { readFailure } from '../operations/failure.ts';
import { type Host, undoFolder } from './host.ts';
import { type PlannedTask, probeItem, readProbe } from './plan.ts';
import type { TripAnswer, TripItem } from './trip.ts';

export interface ApplyContext {
  readonly run: string;
  /** Who and where, for a second run that finds the host locked. */
  readonly holder: string;
  readonly stage: string;
  readonly emit: Emit;
}

/** Makes the folder of this run's before-images and forgets all but the last ten runs. */
const prepareItem = (run: string): TripItem => ({
  id: 'prepare',
  kind: 'apply',
  timeoutSeconds: 30,
  source: `set -eu
mkdir -p -m 0700 /var/lib/provision ${undoFolder} ${undoFolder}/${run}
: >${unprovenMark}
ls -1t ${undoFolder} | tail -n +11 | while read -r old; do rm -rf "${undoFolder}/$old"; done`,
});

/**
 * Sends the changed tasks of one host and a second look at them in one command.
 * Throws TASK_FAILED, DID_NOT_CONVERGE, and what the transport throws; tasks after a failed one are not run.
 */
export async function applyTasks(host: Host, planned: readonly PlannedTask[], context: ApplyContext): Promise<void> {
  const { stage, emit } = context;
  const items: TripItem[] = [prepareItem(context.run)];
  planned.forEach(({ task, actual, upcoming }, index) => {
    items.push({
      id: `apply ${index}`,
      kind: 'apply',
      timeoutSeconds: task.operation.timeoutSeconds ?? 60,
      source: `set -eu\n${task.operation.apply(task.desired, actual, upcoming).source}`,
    });
  });
  planned.forEach(({ task }, index) => {
    items.push(probeItem(task, `look ${index}`));
  });
  const onStart = (id: string): void => {
    const started = /^apply (\d+)$/.exec(id);
    const task = planned[Number(started?.[1] ?? -1)]?.task.name;
    if (task !== undefined) emit({ type: 'task-started', stage, host: host.name, task });
  };
  const answers = await host.trip({ items, lock: context.holder, onStart });
  const prepared = answers.get('prepare');
  if (prepared?.code !== 0) throw taskFailed(host, 'making /var/lib/provision', prepared);
  for (const [index, { task, changes }] of planned.entries()) {
    const applied = answers.get(`apply ${index}`);
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
    emit({ type: 'task-finished', stage, host: host.name, task: task.name, status: 'changed', changes });
  }
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
    fix: `${named?.fix ? `${named.fix}; then run` : 'Mend what it names and run'} again: what is done stays done, and what was due is still due.`,
  });
}
