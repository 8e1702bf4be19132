import { join } from 'node:path';
import type { Connection } from '../../config/connection.ts';
import { lookUpSshHost, type SshSettings } from '../../config/ssh-config.ts';
import { expandSshPath } from '../../config/ssh-config-paths.ts';
import type { SshDirective } from '../../config/ssh-config-text.ts';
import type { Identity, SshTarget } from '../../transport/ssh-target.ts';

/** What this machine has to say about logins. */
export interface Here {
  readonly homeFolder: string;
  readonly localUser: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What is asked for a host; `lent` is what a jump host may use of the host behind it, after its own. */
export interface Wish {
  readonly name: string;
  readonly own: Partial<Connection> & Pick<Connection, 'address'>;
  readonly lent?: Pick<Connection, 'privateKeyFile' | 'keyPassphrase' | 'knownHostsFile'>;
  readonly defaultUser: string;
}

/** A target with the jump hosts to it still as text. */
export interface Resolved {
  readonly target: SshTarget;
  readonly proxyJump?: string;
}

/** The inventory goes before ssh_config, ssh_config before the defaults. Throws SSH_CONFIG_UNSUPPORTED. */
export function resolveLogin(
  { name, own, lent, defaultUser }: Wish,
  config: readonly SshDirective[],
  here: Here,
): Resolved {
  const { homeFolder, localUser, environment } = here;
  const alias = own.address;
  const found = lookUpSshHost(config, {
    ...{ alias, localUser, defaultUser, hasOwnWay: own.proxyJump !== undefined },
    ...(own.user !== undefined && { user: own.user }),
  });
  const { hostKeyAlias } = found;
  const user = own.user ?? found.user ?? defaultUser;
  const port = own.port ?? found.port ?? 22;
  const address = (found.hostName ?? alias).replaceAll('%h', alias).replaceAll('%%', '%');
  const toPath = (path: string): string =>
    expandSshPath(path, {
      ...{ homeFolder, localUser, alias, hostName: address, port, user, environment },
      ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    });
  const agentSocket = agentOf(found, environment, toPath);
  const passphrase = own.keyPassphrase ?? lent?.keyPassphrase;
  const proxyJump = own.proxyJump ?? found.proxyJump;
  const knownHosts = knownHostsOf(own.knownHostsFile, found.userKnownHostsFiles, lent?.knownHostsFile);
  return {
    target: {
      ...{ name, address, port, user },
      identities: identitiesOf(own.privateKeyFile, found.identityFiles?.map(toPath), lent?.privateKeyFile, homeFolder),
      identitiesOnly: found.identitiesOnly,
      ...(agentSocket !== undefined && { agentSocket }),
      ...(own.password !== undefined && { password: own.password }),
      ...(passphrase !== undefined && { passphrase }),
      knownHostsFiles: [...knownHosts.map(toPath), ...(found.globalKnownHostsFiles ?? systemKnownHosts).map(toPath)],
      ...(knownHosts.length === 0 && { recordsNoKeys: true }),
      ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    },
    ...(proxyJump !== undefined && proxyJump.toLowerCase() !== 'none' && { proxyJump }),
  };
}

const userKnownHosts = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const systemKnownHosts = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

function knownHostsOf(
  own: string | undefined,
  configured: readonly string[] | undefined,
  lent: string | undefined,
): readonly string[] {
  if (own !== undefined) return [own];
  return configured ?? (lent === undefined ? userKnownHosts : [lent]);
}

/** Keys that are named go alone; the ones everybody has are a last resort. */
function identitiesOf(
  own: string | undefined,
  configured: readonly string[] | undefined,
  lent: string | undefined,
  homeFolder: string,
): readonly Identity[] {
  const named: readonly Identity[] = [
    ...(own === undefined ? [] : [{ file: own, namedBy: 'inventory' } as const]),
    ...(configured ?? []).map((file): Identity => ({ file, namedBy: 'ssh_config' })),
    ...(lent === undefined ? [] : [{ file: lent, namedBy: 'ssh_config' } as const]),
  ];
  if (named.length > 0) return named.filter((one, index) => named.findIndex(({ file }) => file === one.file) === index);
  if (configured !== undefined) return [];
  return ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((key) => ({
    file: join(homeFolder, '.ssh', key),
    namedBy: 'default',
  }));
}

function agentOf(
  { identityAgent }: SshSettings,
  environment: Here['environment'],
  toPath: (path: string) => string,
): string | undefined {
  if (identityAgent === undefined || identityAgent === 'SSH_AUTH_SOCK')
    return environment['SSH_AUTH_SOCK'] || undefined;
  if (identityAgent.toLowerCase() === 'none') return undefined;
  const variable = /^\$\{?(\w+)\}?$/.exec(identityAgent)?.[1];
  return variable === undefined ? toPath(identityAgent) : environment[variable] || undefined;
}
