import { ProvisionError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { quote } from '../../shell.ts';

/** Those with an option `--limit`; `plan` is a run of `up`. */
export const commandsWithLimit: readonly string[] = ['up', 'roll', 'undo'];

type Given = { readonly resumes?: string };

/** What is typed to leave hosts out; undefined where there is no option for it, as with a run that is resumed. */
export const leavingOut = (command: string, { resumes }: Given): ((hosts: readonly string[]) => string) | undefined =>
  commandsWithLimit.includes(command) && resumes === undefined
    ? (hosts) => `--limit ${quote(hosts.map((host) => `!${host}`).join(','))}`
    : undefined;

/** Of a host that cannot be reached it is told how it is left out. */
export function withLimitHint(command: string, given: Given, emit: Emit): Emit {
  const way = leavingOut(command, given);
  if (way === undefined) return emit;
  return (event) => {
    if (event.type !== 'failure' || event.error.code !== 'HOST_UNREACHABLE' || event.host === undefined)
      return emit(event);
    const { code, kind, what, where, why, fix = '' } = event.error;
    const hint = `${fix.replace(/\.$/, '')}; ${way([event.host])} leaves it out.`;
    const rest = { ...(where !== undefined && { where }), ...(why !== undefined && { why }), cause: event.error };
    emit({ ...event, error: new ProvisionError({ code, kind, what, fix: hint, ...rest }) });
  };
}
