import { ProvisionError } from '../errors.ts';
import type { Host } from './host.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';

/** A host's failure ends that host's part only. */
export async function guard<T>(
  host: Host,
  stage: Stage,
  state: RunState,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    state.failed.set(host.name, error);
    state.request.emit({ type: 'failure', host: host.name, stage: stage.name, error });
    return undefined;
  }
}
