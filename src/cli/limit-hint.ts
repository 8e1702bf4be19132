import { ProvisionError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { quote } from '../shell.ts';

/** Those with an option `--limit`; `plan` is a run of `up`. */
export const commandsWithLimit: readonly string[] = ['up', 'roll', 'undo'];

/** A host that cannot be reached can be left out of runs whose command has an option for it, of a resumed one not. */
export function withLimitHint(command: string, { resumes }: { readonly resumes?: string }, emit: Emit): Emit {
  if (!commandsWithLimit.includes(command) || resumes !== undefined) return emit;
  return (event) => {
    if (event.type !== 'failure' || event.error.code !== 'HOST_UNREACHABLE' || event.host === undefined)
      return emit(event);
    const { code, kind, what, where, why, fix = '' } = event.error;
    const hint = `${fix.replace(/\.$/, '')}; --limit ${quote(`!${event.host}`)} leaves it out.`;
    const rest = { ...(where !== undefined && { where }), ...(why !== undefined && { why }), cause: event.error };
    emit({ ...event, error: new ProvisionError({ code, kind, what, fix: hint, ...rest }) });
  };
}
