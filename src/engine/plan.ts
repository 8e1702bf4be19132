import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Change } from '../events.ts';
import { readFailure } from '../operations/failure.ts';
import type { HostOperation, Upcoming } from '../operations/operation.ts';
import type { TripAnswer, TripItem } from './trip.ts';

/** A host task whose desired value is known. */
export interface HostTask {
  readonly name: string;
  readonly operation: HostOperation;
  readonly desired: unknown;
}

/** What one task would do on one host. */
export interface PlannedTask {
  readonly task: HostTask;
  readonly actual: unknown;
  readonly changes: readonly Change[];
  /** What the tasks before it are about to write. */
  readonly upcoming: Upcoming;
  /** When it is known what it would do, where the host has to be installed first. */
  readonly until?: string;
}

export const probeItem = (task: HostTask, id: string): TripItem => ({
  id,
  label: task.name,
  kind: 'probe',
  timeoutSeconds: 60,
  source: `set -u\n${task.operation.probe(task.desired).source}`,
});

/** Reads one probe's answer; throws PROBE_FAILED, or the error that the script named itself. */
export function readProbe(task: HostTask, answer: TripAnswer | undefined, host: string): unknown {
  if (answer === undefined || answer.code !== 0) {
    const named = readFailure(answer?.stderr ?? '');
    const why = named ? named.why : answer ? answer.stderr || `exit status ${answer.code}` : 'no answer';
    throw new ProvisionError({
      code: named?.code ?? 'PROBE_FAILED',
      kind: 'operation',
      what: `${host}: '${task.name}' could not be looked at${named ? `: ${named.what}` : ''}`,
      ...(why ? { why } : {}),
      fix: named?.fix ?? 'Mend on the host what it names, and run again; nothing was changed by looking.',
    });
  }
  return task.operation.parse(answer.stdout, task.desired);
}

/** Two tasks with the same key want the same of a host. */
export const taskKey = (task: HostTask): string => JSON.stringify([task.operation.name, task.desired]);

/**
 * Computes the plan of one host: each task sees what the earlier ones are about to write, and one that wants what an
 * earlier one has brought about by then has nothing left to do.
 */
export function planTasks(
  tasks: readonly { readonly task: HostTask; readonly actual: unknown; readonly until?: string | undefined }[],
): PlannedTask[] {
  const files = new Map<string, string | null>();
  const stopped = new Set<string>();
  const down = new Set<string>();
  const started = new Map<string, Upcoming['files']>();
  const brought = new Set<string>();
  return tasks.map(({ task, actual, until }) => {
    const upcoming: Upcoming = {
      files: new Map(files),
      stopped: new Set(stopped),
      started: new Map(started),
      down: new Set(down),
    };
    const due = diffUntil(until, () => task.operation.diff(actual, task.desired, upcoming));
    if (due === undefined) return { task, actual, changes: [], upcoming, ...(until !== undefined && { until }) };
    const done = `${taskKey(task)} ${JSON.stringify(due)}`;
    const changes = brought.has(done) ? [] : due;
    brought.add(done);
    if (changes.length > 0) {
      for (const written of task.operation.writes?.(task.desired, actual) ?? [])
        files.set(written.path, written.sha256);
      for (const unit of task.operation.stops?.(task.desired, actual) ?? []) {
        stopped.add(unit);
        started.delete(unit);
      }
      for (const unit of task.operation.takesDown?.(task.desired, actual) ?? []) {
        down.add(unit);
        started.delete(unit);
      }
      for (const unit of task.operation.starts?.(task.desired, changes) ?? []) {
        stopped.delete(unit);
        down.delete(unit);
        started.set(unit, upcoming.files);
      }
    }
    return { task, actual, changes, upcoming };
  });
}

/** Undefined where it throws what may be otherwise once the host is installed. */
function diffUntil(until: string | undefined, diff: () => readonly Change[]): readonly Change[] | undefined {
  try {
    return diff();
  } catch (error) {
    if (until !== undefined && (error instanceof ProvisionError || error instanceof ProvisionErrors)) return undefined;
    throw error;
  }
}
