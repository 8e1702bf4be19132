import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import { ProvisionError } from '../errors.ts';
import type { ConnectError, OpenConnection } from './open-connection.ts';
import { ciphers, dialTarget, isShed, pauseMs, showCertificate } from './ssh-dial.ts';
import * as failures from './ssh-errors.ts';
import { certify, checkHostKey, type HostKeyCheck, lookUpTarget, needsCertificate } from './ssh-host-key.ts';
import { type Jumps, openJumps, type Passage } from './ssh-jumps.ts';
import { type Keyring, openKeyring } from './ssh-keyring.ts';
import { startLogin } from './ssh-login.ts';
import type { SshTarget } from './ssh-target.ts';

/** What the connections of one run have in common. */
export interface SshShare {
  readonly keyring: Keyring;
  readonly jumps: Jumps;
}

export const shareSsh = (): SshShare => ({ keyring: openKeyring(), jumps: openJumps() });

export interface SshOptions {
  readonly connectTimeoutMs: number;
  /** Adds the key of a host that known_hosts does not name yet; a changed key is refused all the same. */
  readonly acceptNewHostKeys: boolean;
  /** How often a connection that sshd drops before the login is tried. */
  readonly attempts: number;
  /** A host that leaves four of these unanswered is lost; 5,000 unless said. */
  readonly keepaliveIntervalMs?: number;
  readonly share?: SshShare;
}

/** Opens a connection, through its jump hosts if it has any; host keys are checked before anything is sent. */
export async function openConnection(target: SshTarget, options: SshOptions): Promise<OpenConnection> {
  const share = options.share ?? shareSsh();
  const [offers, noted] = await Promise.all([share.keyring.offersTo(target), lookUpTarget(target)]);
  if (offers.length === 0 && target.password === undefined) throw failures.nothingToOffer(target);
  const { jump } = target;
  const passage = jump && (await share.jumps.join(jump, () => openConnection(jump, { ...options, share })));
  try {
    let known = needsCertificate(noted) ? undefined : noted;
    for (let attempt = 1; ; attempt += 1) {
      const login = startLogin(target, offers);
      let hostKey: HostKeyCheck | undefined;
      const ssh = new NodeSSH();
      let opened: Watched;
      try {
        if (!known) {
          known = certify(target, noted, await showCertificate(target, passage, options.connectTimeoutMs));
          attempt = 1;
        }
        hostKey = checkHostKey(target, known, options.acceptNewHostKeys);
        opened = await logIn(ssh, {
          ...(await dialTarget(target, passage, options.connectTimeoutMs)),
          username: target.user,
          readyTimeout: options.connectTimeoutMs,
          keepaliveInterval: options.keepaliveIntervalMs ?? 5_000,
          keepaliveCountMax: 4,
          algorithms: { serverHostKey: [...hostKey.order] as never, cipher: [...ciphers] },
          hostVerifier: hostKey.verify,
          authHandler: login.handler,
        });
      } catch (error) {
        ssh.dispose();
        const refusal = hostKey?.refusal();
        if (refusal) throw refusal;
        if (error instanceof ProvisionError) throw error;
        const { level } = error as ConnectError;
        // the agent would not sign with a key, which is not offered again
        if (level === 'agent') continue;
        if (attempt >= options.attempts || !isShed(error as ConnectError) || login.tried.length > 0)
          throw failures.connectionError(target, error as ConnectError, login);
        await sleep(pauseMs(attempt));
        continue;
      }
      const connection = toConnection(opened, passage);
      await hostKey.record().catch((error) => {
        connection.close();
        throw error;
      });
      return connection;
    }
  } catch (error) {
    passage?.leave();
    throw error;
  }
}

/** A client that can break at any time without ending the process, and what became of it. */
interface Watched {
  readonly client: Client;
  brokenBy(): Error | undefined;
  isClosed(): boolean;
}

function watch(client: Client): Watched {
  let broken: Error | undefined;
  let isClosed = false;
  client
    .on('error', (error: Error) => {
      broken ??= error;
    })
    .on('close', () => {
      isClosed = true;
    });
  return { client, brokenBy: () => broken, isClosed: () => isClosed };
}

/** Until the login has succeeded; rejects with what went wrong first. */
async function logIn(ssh: NodeSSH, config: Config): Promise<Watched> {
  const connecting = ssh.connect(config);
  const client = ssh.connection;
  if (!client) throw new Error('node-ssh makes its connection at once');
  // from now on: one packet may bring both the end of the login and that of the connection
  const watched = watch(client);
  const expired = new Promise<never>((_, reject) => {
    client.once('change password', () => reject(new Error('the password has expired and has to be changed')));
  });
  await Promise.race([connecting, expired]);
  return watched;
}

function toConnection({ client, brokenBy, isClosed }: Watched, passage: Passage | undefined): OpenConnection {
  if (isClosed()) passage?.leave();
  else {
    client.setNoDelay(true);
    client.on('close', () => {
      passage?.leave();
    });
  }
  return {
    client,
    brokenBy,
    close: () => {
      client.end();
    },
  };
}
