import { quote } from '../../shell.ts';

/** Those with an option `--limit`; `plan` is a run of `up`. */
export const commandsWithLimit: readonly string[] = ['up', 'roll', 'undo'];

/** What is typed to leave hosts out; undefined where there is no option for it, as with a run that is resumed. */
export const leavingOut = (
  command: string,
  { resumes }: { readonly resumes?: string },
): ((hosts: readonly string[]) => string) | undefined =>
  commandsWithLimit.includes(command) && resumes === undefined
    ? (hosts) => `--limit ${quote(hosts.map((host) => `!${host}`).join(','))}`
    : undefined;
