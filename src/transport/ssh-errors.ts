import { ProvisionError } from '../errors.ts';
import { fingerprint, type HostKeyVerdict, keyType, knownHostName } from './known-hosts.ts';
import type { SshTarget } from './ssh-target.ts';

const place = (target: SshTarget): string => `${target.user}@${knownHostName(target.address, target.port)}`;

export const keyUnreadable = (target: SshTarget, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'SSH_KEY_UNREADABLE',
    kind: 'connection',
    what: `the private key for ${target.name} cannot be used: ${target.privateKeyFile}`,
    why: cause.message,
    fix: 'Set ansible_ssh_private_key_file to a private key that can be read and has no passphrase.',
    cause,
  });

export const knownHostsUnusable = (target: SshTarget, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'KNOWN_HOSTS_UNUSABLE',
    kind: 'connection',
    what: `${target.knownHostsFile} cannot be used to check the host key of ${target.name}`,
    why: cause.message,
    fix: 'Make that file readable and writable, or name another one.',
    cause,
  });

/** Why a host key is not trusted: what it offers, and what known_hosts says instead. */
export function hostKeyError(
  target: SshTarget,
  key: Buffer,
  verdict: HostKeyVerdict,
  known: readonly string[],
): ProvisionError {
  const offered = `${keyType(key)} ${fingerprint(key)}`;
  const name = knownHostName(target.address, target.port);
  if (verdict === 'unknown') {
    return new ProvisionError({
      code: 'HOST_KEY_UNKNOWN',
      kind: 'connection',
      what: `${target.name} (${name}) is not in ${target.knownHostsFile}`,
      why: `It offers ${offered}`,
      fix: 'Compare the fingerprint with the one on the host, then run again with --accept-new-host-keys.',
    });
  }
  return new ProvisionError({
    code: verdict === 'revoked' ? 'HOST_KEY_REVOKED' : 'HOST_KEY_CHANGED',
    kind: 'connection',
    what: `${target.name} (${name}) answers with ${verdict === 'revoked' ? 'a revoked' : 'another'} host key`,
    why: [`offered: ${offered}`, ...known.map((entry) => `known:   ${entry}`)].join('\n'),
    fix: `Find out why. If the machine was rebuilt: ssh-keygen -f ${target.knownHostsFile} -R '${name}', then --accept-new-host-keys.`,
  });
}

export function connectionError(target: SshTarget, cause: Error & { level?: string; code?: string }): ProvisionError {
  if (cause.level === 'client-authentication') {
    return new ProvisionError({
      code: 'SSH_KEY_REFUSED',
      kind: 'connection',
      what: `${target.name} (${place(target)}) refuses the key ${target.privateKeyFile}`,
      fix: `Add the public key to authorized_keys of ${target.user} there, or name another key or user in the inventory.`,
      cause,
    });
  }
  return new ProvisionError({
    code: 'HOST_UNREACHABLE',
    kind: 'connection',
    what: `${target.name} (${place(target)}) cannot be reached`,
    why: cause.message || String(cause.code ?? cause),
    fix: `Check that the machine is on and that ssh ${place(target)} answers; --limit '!${target.name}' leaves it out.`,
    cause,
  });
}

export const commandTimeout = (target: SshTarget, timeoutMs: number): ProvisionError =>
  new ProvisionError({
    code: 'COMMAND_TIMEOUT',
    kind: 'connection',
    what: `${target.name} did not finish a command within ${Math.ceil(timeoutMs / 1000)} s`,
    fix: 'Look at the load and the disks of the host, then run again: what is done stays done.',
  });

export const connectionLost = (target: SshTarget, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'CONNECTION_LOST',
    kind: 'connection',
    what: `the connection to ${target.name} broke while a command was running`,
    why: cause.message,
    fix: 'Run again: what is done stays done, and nothing is left half-written.',
    cause,
  });
