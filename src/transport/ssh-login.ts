import type {
  AnyAuthMethod,
  AuthenticationType,
  AuthHandlerMiddleware,
  KeyboardInteractiveCallback,
  Prompt,
} from 'ssh2';
import type { LoginCourse } from './open-connection.ts';
import type { KeyOffer } from './ssh-keyring.ts';
import type { SshTarget } from './ssh-target.ts';

/** The course of one login. */
export interface Login extends LoginCourse {
  readonly handler: AuthHandlerMiddleware;
}

interface Attempt {
  readonly label: string;
  readonly type: AuthenticationType;
  readonly method: AnyAuthMethod;
}

/** sshd ends a login at its sixth failure (MaxAuthTries): the password has to come before that. */
const maxKeysBeforePassword = 5;

/** Keys in their order, then the password, once: a wrong one counts towards locking the account. */
export function startLogin(target: SshTarget, offers: readonly KeyOffer[]): Login {
  const { user: username, password } = target;
  const willing = offers.filter(({ agent }) => !agent?.isUnwilling);
  const keys = (password === undefined ? willing : willing.slice(0, maxKeysBeforePassword)).map(
    ({ label, key, agent }): Attempt => ({
      label,
      type: 'publickey',
      method: agent ? { type: 'agent', username, agent } : { type: 'publickey', username, key: key ?? '' },
    }),
  );
  const tried: string[] = [];
  let offered: readonly string[] = [];
  let isPasswordSpent = password === undefined;

  function next(accepted: readonly string[] | null): AnyAuthMethod | false {
    const isTaken = (type: string) => accepted === null || accepted.includes(type);
    while (isTaken('publickey')) {
      const attempt = keys.shift();
      if (!attempt) break;
      tried.push(attempt.label);
      return attempt.method;
    }
    if (isPasswordSpent || password === undefined) return false;
    // asks what the host takes
    if (accepted === null) return { type: 'none', username };
    isPasswordSpent = true;
    if (isTaken('password')) {
      tried.push('the password');
      return { type: 'password', username, password };
    }
    if (!isTaken('keyboard-interactive')) return false;
    tried.push('the password');
    return { type: 'keyboard-interactive', username, prompt: answerOnce(password) };
  }

  return {
    handler(accepted: readonly string[] | null, _partial, done) {
      if (accepted) offered = accepted;
      // false ends the login; the types of ssh2 do not say so
      done(next(accepted) as AnyAuthMethod);
    },
    tried,
    methodsOffered: () => offered,
  };
}

/** Answers the first question that hides what is typed, if it stands alone: another one does not ask for the password. */
function answerOnce(password: string) {
  let isAnswered = false;
  return (
    _name: string,
    _instructions: string,
    _language: string,
    prompts: Prompt[],
    done: KeyboardInteractiveCallback,
  ) => {
    const [question] = prompts;
    const isForPassword = !isAnswered && prompts.length === 1 && question?.echo !== true;
    isAnswered = true;
    done(isForPassword ? [password] : prompts.map(() => ''));
  };
}
