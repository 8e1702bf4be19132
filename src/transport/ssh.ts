import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeSSH, type Config as SshConfig } from 'node-ssh';
import { ProvisionError } from '../errors.ts';
import { fingerprint, keyType, knownHostName, lookUpKnownHost } from './known-hosts.ts';
import type { CommandResult, RunOptions, Transport } from './transport.ts';

export interface SshTarget {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
}

export interface SshOptions {
  readonly connectTimeoutMs: number;
  /** Adds the key of a host that known_hosts does not name yet; a changed key is refused all the same. */
  readonly acceptNewHostKeys: boolean;
  /** How often a connection that sshd drops before the login is tried. */
  readonly attempts: number;
}

const defaultHostKeyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

/** AES-GCM runs in OpenSSL even without ssh2's native add-on. */
const ciphers = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'] as const;

/** Known key types first, as OpenSSH does: else a host known by its RSA key answers with another and looks like an impostor. */
function hostKeyOrder(knownTypes: readonly string[]): string[] {
  const known = knownTypes.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]));
  const supported = known.filter((type) => (defaultHostKeyTypes as readonly string[]).includes(type));
  return [...supported, ...defaultHostKeyTypes.filter((type) => !supported.includes(type))];
}

async function readOptional(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

async function readPrivateKey(target: SshTarget): Promise<string> {
  try {
    return await readFile(target.privateKeyFile, 'utf8');
  } catch (cause) {
    throw new ProvisionError({
      code: 'SSH_KEY_UNREADABLE',
      kind: 'connection',
      what: `the private key for ${target.name} cannot be read: ${target.privateKeyFile}`,
      why: (cause as Error).message,
      fix: 'Set ansible_ssh_private_key_file to a readable key file.',
      cause,
    });
  }
}

function hostKeyError(target: SshTarget, key: Buffer, verdict: string, known: readonly string[]): ProvisionError {
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

/** True for what sshd's MaxStartups or a rebooting host does to a connection before the login. */
const isShed = (error: Error): boolean =>
  /ECONNRESET|Connection lost before handshake|before handshake|EPIPE|Timed out while waiting for handshake/i.test(
    error.message,
  );

function connectionError(target: SshTarget, cause: Error & { level?: string; code?: string }): ProvisionError {
  const place = `${target.user}@${knownHostName(target.address, target.port)}`;
  if (cause.level === 'client-authentication') {
    return new ProvisionError({
      code: 'SSH_KEY_REFUSED',
      kind: 'connection',
      what: `${target.name} (${place}) refuses the key ${target.privateKeyFile}`,
      fix: `Add the public key to authorized_keys of ${target.user} there, or name another key or user in the inventory.`,
      cause,
    });
  }
  return new ProvisionError({
    code: 'HOST_UNREACHABLE',
    kind: 'connection',
    what: `${target.name} (${place}) cannot be reached`,
    why: cause.message || String(cause.code ?? cause),
    fix: `Check that the machine is on and that ssh ${place} answers; --limit '!${target.name}' leaves it out.`,
    cause,
  });
}

async function openConnection(target: SshTarget, options: SshOptions): Promise<NodeSSH> {
  const privateKey = await readPrivateKey(target);
  const known = lookUpKnownHost(await readOptional(target.knownHostsFile), target.address, target.port);
  for (let attempt = 1; ; attempt += 1) {
    const ssh = new NodeSSH();
    let refused: ProvisionError | undefined;
    let accepted: Buffer | undefined;
    const config: SshConfig = {
      host: target.address,
      port: target.port,
      username: target.user,
      privateKey,
      readyTimeout: options.connectTimeoutMs,
      keepaliveInterval: 5_000,
      keepaliveCountMax: 4,
      algorithms: { serverHostKey: hostKeyOrder(known.types) as never, cipher: [...ciphers] },
      hostVerifier: (key: Buffer) => {
        const verdict = known.check(key);
        if (verdict === 'known') return true;
        if (verdict === 'unknown' && options.acceptNewHostKeys) {
          accepted = key;
          return true;
        }
        refused = hostKeyError(target, key, verdict, known.fingerprints);
        return false;
      },
    };
    try {
      await ssh.connect(config);
      if (accepted) await recordHostKey(target, accepted);
      return ssh;
    } catch (error) {
      ssh.dispose();
      if (refused) throw refused;
      if (attempt >= options.attempts || !isShed(error as Error)) throw connectionError(target, error as Error);
      await sleep(200 * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}

async function recordHostKey(target: SshTarget, key: Buffer): Promise<void> {
  await mkdir(dirname(target.knownHostsFile), { recursive: true, mode: 0o700 });
  const line = `${knownHostName(target.address, target.port)} ${keyType(key)} ${key.toString('base64')}\n`;
  await appendFile(target.knownHostsFile, line, { mode: 0o600 });
}

/** Opens the one connection to a host; its host key is checked before anything is sent. */
export async function connectSsh(target: SshTarget, options: SshOptions): Promise<Transport> {
  const ssh = await openConnection(target, options);
  const counts = { commands: 0, uploads: 0 };
  let lost: Error | undefined;
  ssh.connection?.on('error', (error: Error) => {
    lost = error;
  });

  async function execute(commandLine: string, stdin: SshStdin, options: RunOptions): Promise<CommandResult> {
    let giveUp: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      giveUp = setTimeout(() => reject(timeoutError(target, options.timeoutMs)), options.timeoutMs);
    });
    // latin1 keeps every byte: node-ssh decodes chunk by chunk, and a chunk may end inside a character
    const command = ssh.execCommand(commandLine, {
      stdin,
      noTrim: true,
      encoding: 'latin1',
      onStdout: (chunk) => options.onOutput?.(chunk.toString('latin1')),
    });
    try {
      const result = await Promise.race([command, expired]);
      if (result.code === null && result.signal === null) throw new Error('the connection was lost');
      return { code: result.code, stdout: utf8(result.stdout), stderr: utf8(result.stderr) };
    } catch (error) {
      if (error instanceof ProvisionError) throw error;
      throw lostError(target, lost ?? (error as Error));
    } finally {
      clearTimeout(giveUp);
    }
  }

  return {
    run(script, options) {
      counts.commands += 1;
      return execute('sh -s', script, options);
    },
    send(commandLine, content, options) {
      counts.uploads += 1;
      return execute(commandLine, content, options);
    },
    counts,
    close: () => ssh.dispose(),
  };
}

type SshStdin = NonNullable<Parameters<NodeSSH['execCommand']>[1]>['stdin'] & {};

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

const timeoutError = (target: SshTarget, timeoutMs: number): ProvisionError =>
  new ProvisionError({
    code: 'COMMAND_TIMEOUT',
    kind: 'connection',
    what: `${target.name} did not finish a command within ${Math.round(timeoutMs / 1000)} s`,
    fix: 'Look at the load and the disks of the host, then run again: what is done stays done.',
  });

const lostError = (target: SshTarget, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'CONNECTION_LOST',
    kind: 'connection',
    what: `the connection to ${target.name} broke while a command was running`,
    why: cause.message,
    fix: 'Run again: what is done stays done, and nothing is left half-written.',
    cause,
  });
