import { ProvisionError } from '../errors.ts';
import { fingerprint, type HostKeyVerdict, type KnownHostKeys, keyType, knownHostName } from './known-hosts.ts';
import type { ConnectError, LoginCourse } from './open-connection.ts';
import { principalOf, type SshTarget } from './ssh-target.ts';

const place = (target: SshTarget): string => `${target.user}@${knownHostName(target.address, target.port)}`;

/** What a person can type to try the same. */
const sshCommand = ({ user, address, port }: SshTarget): string =>
  `ssh ${port === 22 ? '' : `-p ${port} `}${user}@${address}`;

export const keyUnreadable = (name: string, file: string, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'SSH_KEY_UNREADABLE',
    kind: 'connection',
    what: `the private key for ${name} cannot be used: ${file}`,
    why: cause.message,
    fix: 'Set ansible_ssh_private_key_file to a private key that can be read, and ssh_key_passphrase to its passphrase if it has one.',
    cause,
  });

export const keyLocked = (name: string, file: string): ProvisionError =>
  new ProvisionError({
    code: 'SSH_KEY_LOCKED',
    kind: 'connection',
    what: `the private key for ${name} needs a passphrase: ${file}`,
    fix: `Run ssh-add ${file}, set ssh_key_passphrase in the inventory, or run at a terminal to be asked.`,
  });

export const nothingToOffer = (target: SshTarget): ProvisionError =>
  new ProvisionError({
    code: 'LOGIN_REFUSED',
    kind: 'connection',
    what: `there is nothing to log in to ${target.name} (${place(target)}) with`,
    why: [
      ...target.identities.map(({ file }) => `no usable key: ${file}`),
      target.agentSocket === undefined
        ? 'no agent: SSH_AUTH_SOCK is not set'
        : `no key in the agent ${target.agentSocket}`,
    ].join('\n'),
    fix: 'Set ansible_ssh_private_key_file or ansible_password, or add a key to the agent with ssh-add.',
  });

export const knownHostsUnusable = (name: string, file: string, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'KNOWN_HOSTS_UNUSABLE',
    kind: 'connection',
    what: `${file} cannot be used to check the host key of ${name}`,
    why: cause.message,
    fix: 'Make that file readable and writable, or name another one.',
    cause,
  });

/** Why a host key is not trusted: what it offers, and what known_hosts says instead, with the lines. */
export function hostKeyError(
  target: SshTarget,
  name: string,
  key: Buffer,
  verdict: HostKeyVerdict,
  known: KnownHostKeys,
): ProvisionError {
  const offered = `${keyType(key)} ${fingerprint(key)}`;
  const [file] = target.knownHostsFiles;
  if (verdict === 'unknown') {
    const refusal = known.certificateRefusal;
    const authorityLines = known.authorities.map(({ place }) => place).join(', ');
    const advice =
      refusal === undefined ? 'C' : `Give it a host certificate that holds for ${principalOf(target)}, or c`;
    return new ProvisionError({
      code: 'HOST_KEY_UNKNOWN',
      kind: 'connection',
      what: `${target.name} (${name}) is not in ${file ?? 'any known_hosts file'}`,
      why: [
        `It offers ${offered}`,
        ...(refusal === undefined ? [] : [`${authorityLines} would vouch for its certificate, but ${refusal}`]),
      ].join('\n'),
      fix: `${advice}ompare the fingerprint with the one on the host, then run again with --accept-new-host-keys.`,
    });
  }
  const isCertified = known.keys.some((one) => one.isCertified);
  const stale = known.keys[0]?.place.replace(/:\d+$/, '') ?? file;
  return new ProvisionError({
    code: verdict === 'revoked' ? 'HOST_KEY_REVOKED' : 'HOST_KEY_CHANGED',
    kind: 'connection',
    what: `${target.name} (${name}) answers with ${verdict === 'revoked' ? 'a revoked' : 'another'} host key`,
    why: [
      `offered: ${offered}`,
      ...known.keys.map(
        (one) => `known:   ${one.type} ${fingerprint(one.key)}  ${one.isCertified ? 'certified by ' : ''}${one.place}`,
      ),
    ].join('\n'),
    fix: isCertified
      ? 'Find out why: another machine may answer in its place. Its certificate is for another key than it uses, or that key is revoked.'
      : `Find out why. If the machine was rebuilt, provision rebuild takes its new key; or ssh-keygen -f ${stale} -R '${name}', then --accept-new-host-keys.`,
  });
}

export const authorityRevoked = (target: SshTarget, name: string, authority: Buffer): ProvisionError =>
  new ProvisionError({
    code: 'HOST_KEY_REVOKED',
    kind: 'connection',
    what: `${target.name} (${name}) answers with a certificate of a revoked authority`,
    why: `revoked: ${keyType(authority)} ${fingerprint(authority)}`,
    fix: 'Find out why. Then give the host a certificate of an authority that is trusted, and that one a line in known_hosts.',
  });

/** Why there is no connection: the login was refused, the jump host will not pass it on, or nothing answers. */
export function connectionError(target: SshTarget, cause: ConnectError, login: LoginCourse): ProvisionError {
  const isRefused = login.tried.length > 0 && cause.level !== 'client-timeout';
  if (isRefused || cause.level === 'client-authentication') return loginRefused(target, cause, login);
  const through = target.jump ? ` through ${target.jump.name}` : '';
  return new ProvisionError({
    code: 'HOST_UNREACHABLE',
    kind: 'connection',
    what: `${target.name} (${place(target)}) cannot be reached${through}`,
    why: cause.message || String(cause.code ?? cause),
    fix: target.jump
      ? `Check that the machine is on, that ${target.jump.name} reaches it, and that sshd there has AllowTcpForwarding.`
      : `Check that the machine is on and that ${sshCommand(target)} answers.`,
    cause,
  });
}

const loginRefused = (target: SshTarget, cause: ConnectError, { tried, methodsOffered }: LoginCourse): ProvisionError =>
  new ProvisionError({
    code: 'LOGIN_REFUSED',
    kind: 'connection',
    what: `${target.name} (${place(target)}) does not let us in`,
    why: [
      ...tried.map((one) => `refused: ${one}`),
      ...(methodsOffered().length > 0 ? [`it takes: ${methodsOffered().join(', ')}`] : []),
      ...(cause.level === 'client-authentication' ? [] : [`it ended the login: ${cause.message}`]),
    ].join('\n'),
    fix:
      tried.length > 4
        ? 'Set ansible_ssh_private_key_file to the right key: it is tried first, and sshd ends a login after some failures.'
        : `Add the public key to authorized_keys of ${target.user} there, or name another key, password or user in the inventory.`,
    cause,
  });

export const commandTimeout = (target: Pick<SshTarget, 'name'>, timeoutMs: number): ProvisionError =>
  new ProvisionError({
    code: 'COMMAND_TIMEOUT',
    kind: 'connection',
    what: `${target.name} did not finish a command within ${Math.ceil(timeoutMs / 1000)} s`,
    fix: 'Look at the load and the disks of the host, then run again: what is done stays done.',
  });

export const connectionLost = (target: Pick<SshTarget, 'name'>, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'CONNECTION_LOST',
    kind: 'connection',
    what: `the connection to ${target.name} broke while a command was running`,
    why: cause.message,
    fix: 'Run again: what is done stays done, and nothing is left half-written.',
    cause,
  });
