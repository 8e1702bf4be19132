import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { Host } from './host.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';

/** A host's failure ends that host's part only. */
export async function guard<T>(
  host: Host,
  stage: Stage | undefined,
  state: RunState,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const where = { host: host.name, ...(stage && { stage: stage.name }) };
    state.failed.set(host.name, reportFailures(error, state.request.emit, where));
    return undefined;
  }
}

/** Tells of each error; gives back the first one, and throws what is our own fault. */
export function reportFailures(
  error: unknown,
  emit: Emit,
  where: { readonly host?: string; readonly stage?: string },
): ProvisionError {
  const errors = error instanceof ProvisionErrors ? error.errors : [error];
  for (const one of errors) {
    if (!(one instanceof ProvisionError)) throw one;
    emit({ type: 'failure', ...where, error: one });
  }
  return errors[0] as ProvisionError;
}
