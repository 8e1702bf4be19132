import { ProvisionError } from '../errors.ts';
import type { Change } from '../events.ts';
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
}

export const probeItem = (task: HostTask, id: string): TripItem => ({
  id,
  kind: 'probe',
  timeoutSeconds: 60,
  source: `set -u\n${task.operation.probe(task.desired).source}`,
});

/** Reads one probe's answer; throws PROBE_FAILED. */
export function readProbe(task: HostTask, answer: TripAnswer | undefined, host: string): unknown {
  if (answer === undefined || answer.code !== 0) {
    throw new ProvisionError({
      code: 'PROBE_FAILED',
      kind: 'operation',
      what: `${host}: '${task.name}' could not be looked at`,
      why: answer ? answer.stderr || `exit status ${answer.code}` : 'no answer',
      fix: 'Run the same look on the host by hand with --verbose, mend what it names, and run again.',
    });
  }
  return task.operation.parse(answer.stdout, task.desired);
}

/** Computes the plan of one host: each task sees what the earlier ones are about to write. */
export function planTasks(tasks: readonly { readonly task: HostTask; readonly actual: unknown }[]): PlannedTask[] {
  const files = new Map<string, string | null>();
  return tasks.map(({ task, actual }) => {
    const upcoming: Upcoming = { files: new Map(files) };
    const changes = task.operation.diff(actual, task.desired, upcoming);
    if (changes.length > 0) {
      for (const written of task.operation.writes?.(task.desired, actual) ?? [])
        files.set(written.path, written.sha256);
    }
    return { task, actual, changes, upcoming };
  });
}
