import { type ErrorDetails, ProvisionError } from '../errors.ts';
import type { Machine } from './remote-process.ts';
import type { Sudo } from './sudo.ts';

export interface Refusal {
  /** What sudo wrote, or the login shell. */
  readonly said: string;
  /** The exit status; left out when it has not ended. */
  readonly code?: number | null;
  /** Whether the password was sent. */
  readonly isAnswered: boolean;
  readonly isAskedAgain?: boolean;
}

/** Why a login did not lead to a shell with root's rights. */
export const noRootShell = (machine: Machine, sudo: Sudo | undefined, refusal: Refusal): ProvisionError =>
  new ProvisionError({
    ...((sudo && explainSudo(machine, refusal)) ?? explainShell(machine, refusal)),
    ...(refusal.said === '' ? {} : { why: refusal.said }),
  });

/** sudo ends with 1 whatever the reason, which is in its words alone: those of LC_ALL=C, of sudo and of sudo-rs. */
function explainSudo(
  { name, user }: Machine,
  { said, code, isAnswered, isAskedAgain }: Refusal,
): ErrorDetails | undefined {
  if (code === 127)
    return {
      code: 'SUDO_MISSING',
      kind: 'connection',
      what: `${name} has no sudo`,
      fix: 'Install sudo there, or log in as root: ansible_user: root.',
    };
  if (/must have a tty/.test(said))
    return {
      code: 'SUDO_NEEDS_TTY',
      kind: 'connection',
      what: `sudo on ${name} wants a terminal (requiretty)`,
      fix: `Add this line to the sudoers of ${name}, with visudo: Defaults:${user} !requiretty`,
    };
  if (!isAnswered && /password is required|interactive authentication is required/i.test(said))
    return {
      code: 'SUDO_PASSWORD_NEEDED',
      kind: 'connection',
      what: `sudo on ${name} asks for the password of ${user}`,
      fix: `Set ansible_become_password, or let ${user} use sudo without a password (NOPASSWD).`,
    };
  if (
    isAskedAgain ||
    (isAnswered && /incorrect (?:password|authentication)|authentication failed|no password was provided/i.test(said))
  )
    return {
      code: 'SUDO_PASSWORD_WRONG',
      kind: 'connection',
      what: `sudo on ${name} does not accept the password of ${user}`,
      fix: 'Correct ansible_become_password. It was tried once.',
    };
  if (code === undefined)
    return {
      code: 'SUDO_STUCK',
      kind: 'connection',
      what: `sudo on ${name} waits for something else than a password`,
      fix: `Log in as ${user}, run sudo -k -S true, and see what it waits for: only a password can be given.`,
    };
  if (/sudo|^Sorry, user /m.test(said))
    return {
      code: 'SUDO_REFUSED',
      kind: 'connection',
      what: `sudo on ${name} does not give ${user} root's rights`,
      fix: `Let ${user} run every command as root in the sudoers of ${name}, or name another user in ansible_user.`,
    };
  return undefined;
}

const explainShell = ({ name, user }: Machine, { code }: Refusal): ErrorDetails => ({
  code: 'LOGIN_SHELL_FAILED',
  kind: 'connection',
  what: `${name} runs no commands for ${user}${code === undefined || code === null ? '' : ` (exit status ${code})`}`,
  fix: `Give ${user} a login shell that does, for instance chsh -s /bin/sh ${user}, or name another user in ansible_user.`,
});
