import { ProvisionError } from '../errors.ts';
import type { RunState } from './run-state.ts';

/** Throws STOPPED where somebody asked for it. */
export function refuseStopped({ request: { stopping } }: RunState): void {
  if (!stopping?.aborted) return;
  throw new ProvisionError({
    code: 'STOPPED',
    kind: 'stopped',
    what: 'stopped as asked; what was begun is finished, the rest is as it was',
    fix: 'Go on with provision resume, or take back what was done with provision undo.',
  });
}

export const isStopped = (error: unknown): boolean => error instanceof ProvisionError && error.kind === 'stopped';
