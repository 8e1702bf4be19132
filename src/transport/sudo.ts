/** Root's rights by sudo. */
export interface Sudo {
  /** Sent only when sudo asks for it. */
  readonly password?: string;
}

/**
 * What sudo writes when it wants the password. It is not what stands on the command line, so that a login shell that
 * repeats its commands does not seem to ask for it.
 */
export const sudoPrompt = (nonce: string): string => `${nonce}%.`;

/** Put before a command line; with a password, sudo forgets what it remembers, so that it is asked at a known time. */
export function sudoPrefix(sudo: Sudo, nonce: string): string {
  const flags = sudo.password === undefined ? '-n' : `-k -S -p '${nonce}%%.'`;
  return `env LC_ALL=C sudo -H ${flags} -u root `;
}
