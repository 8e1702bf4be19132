import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeSSH, type Config as SshConfig } from 'node-ssh';
import { ProvisionError } from '../errors.ts';
import { lookUpKnownHost } from './known-hosts.ts';
import { readKnownHosts, recordHostKey } from './known-hosts-file.ts';
import * as failures from './ssh-errors.ts';
import type { SshTarget } from './ssh-target.ts';
import type { CommandResult, RunOptions, Transport } from './transport.ts';

export interface SshOptions {
  readonly connectTimeoutMs: number;
  /** Adds the key of a host that known_hosts does not name yet; a changed key is refused all the same. */
  readonly acceptNewHostKeys: boolean;
  /** How often a connection that sshd drops before the login is tried. */
  readonly attempts: number;
  /** A host that leaves four of these unanswered is lost; 5,000 unless said. */
  readonly keepaliveIntervalMs?: number;
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

interface ConnectError extends Error {
  /** Where ssh2 says it went wrong; node-ssh sets none when the connection was closed before the login. */
  readonly level?: string;
  readonly code?: string;
}

/** True for what sshd's MaxStartups or a rebooting host does to a connection before the login. */
const isShed = (error: ConnectError): boolean =>
  error.code === 'ECONNRESET' ||
  error.code === 'EPIPE' ||
  error.level === 'protocol' ||
  (error.level === undefined && error.code === 'ETIMEDOUT');

interface OpenConnection {
  readonly ssh: NodeSSH;
  /** Why the connection broke, once it has. */
  brokenBy(): Error | undefined;
}

async function openConnection(target: SshTarget, options: SshOptions): Promise<OpenConnection> {
  const privateKey = await readFile(target.privateKeyFile, 'utf8').catch((cause) => {
    throw failures.keyUnreadable(target, cause);
  });
  const knownText = await readKnownHosts(target.knownHostsFile).catch((cause) => {
    throw failures.knownHostsUnusable(target, cause);
  });
  const known = lookUpKnownHost(knownText, target.address, target.port);
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
      keepaliveInterval: options.keepaliveIntervalMs ?? 5_000,
      keepaliveCountMax: 4,
      algorithms: { serverHostKey: hostKeyOrder(known.types) as never, cipher: [...ciphers] },
      hostVerifier: (key: Buffer) => {
        const verdict = known.check(key);
        if (verdict === 'known') return true;
        if (verdict === 'unknown' && options.acceptNewHostKeys) {
          accepted = key;
          return true;
        }
        refused = failures.hostKeyError(target, key, verdict, known.fingerprints);
        return false;
      },
    };
    try {
      await ssh.connect(config);
    } catch (error) {
      ssh.dispose();
      if (refused) throw refused;
      // ssh2 throws this one before it opens a socket, without a level
      if (/^Cannot parse privateKey/.test((error as Error).message))
        throw failures.keyUnreadable(target, error as Error);
      if (attempt >= options.attempts || !isShed(error as ConnectError))
        throw failures.connectionError(target, error as ConnectError);
      await sleep(200 * 2 ** (attempt - 1) * (0.5 + Math.random()));
      continue;
    }
    ssh.connection?.setNoDelay(true);
    let broken: Error | undefined;
    ssh.connection?.on('error', (error: Error) => {
      broken = error;
    });
    if (accepted) await trust(target, accepted, ssh);
    return { ssh, brokenBy: () => broken };
  }
}

async function trust(target: SshTarget, key: Buffer, ssh: NodeSSH): Promise<void> {
  try {
    await recordHostKey(target.knownHostsFile, target.address, target.port, key);
  } catch (cause) {
    ssh.dispose();
    throw failures.knownHostsUnusable(target, cause as Error);
  }
}

/** Opens the one connection to a host; its host key is checked before anything is sent. */
export async function connectSsh(target: SshTarget, options: SshOptions): Promise<Transport> {
  const { ssh, brokenBy } = await openConnection(target, options);
  const counts = { commands: 0, uploads: 0 };

  /** Rejects with what the transport throws, or with the error of the stream that was to be sent. */
  async function execute(commandLine: string, stdin: string | Readable, options: RunOptions): Promise<CommandResult> {
    const decoder = new StringDecoder('utf8');
    let isOver = false;
    let closeChannel = (): void => {};
    let giveUp: (reason: unknown) => void = () => {};
    const abandoned = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const timer = setTimeout(() => giveUp(failures.commandTimeout(target, options.timeoutMs)), options.timeoutMs);
    const content = stdin instanceof Readable ? stdin : undefined;
    let contentError: Error | undefined;
    content?.on('error', (error) => {
      contentError = error;
      giveUp(error);
    });
    try {
      // latin1 keeps every byte: node-ssh decodes chunk by chunk, and a chunk may end inside a character
      const command = ssh.execCommand(commandLine, {
        stdin,
        noTrim: true,
        encoding: 'latin1',
        onChannel(channel) {
          closeChannel = () => channel.close();
          if (isOver) closeChannel();
        },
        onStdout: (chunk) => options.onOutput?.(decoder.write(chunk)),
      });
      const result = await Promise.race([command, abandoned]);
      if (result.code === null && result.signal === null) throw new Error('the connection was lost');
      return { code: result.code, stdout: utf8(result.stdout), stderr: utf8(result.stderr) };
    } catch (error) {
      closeChannel();
      if (error instanceof ProvisionError || error === contentError) throw error;
      throw failures.connectionLost(target, brokenBy() ?? (error as Error));
    } finally {
      isOver = true;
      clearTimeout(timer);
      content?.destroy();
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

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
