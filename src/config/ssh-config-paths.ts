import { resolve } from 'node:path';

/** What the tokens of ssh_config(5) stand for. */
export interface SshTokens {
  readonly homeFolder: string;
  readonly localUser: string;
  /** `ssh` was asked for it. */
  readonly alias: string;
  readonly hostName: string;
  readonly hostKeyAlias?: string;
  readonly port: number;
  readonly user: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A path of an ssh_config file, absolute; a token or variable that is not known stays as it is. */
export function expandSshPath(path: string, tokens: SshTokens): string {
  const known: Record<string, string> = {
    '%%': '%',
    '%d': tokens.homeFolder,
    '%h': tokens.hostName,
    '%k': tokens.hostKeyAlias ?? tokens.alias,
    '%n': tokens.alias,
    '%p': String(tokens.port),
    '%r': tokens.user,
    '%u': tokens.localUser,
  };
  const expanded = path
    .replace(/%./g, (token) => known[token] ?? token)
    .replace(/\$\{(\w+)\}/g, (variable, name: string) => tokens.environment[name] ?? variable);
  return resolve(
    tokens.homeFolder,
    expanded.replace(/^~(?=\/|$)/, () => tokens.homeFolder),
  );
}
