import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectError } from './open-connection.ts';
import { fetchHostCertificate } from './ssh-certificate-fetch.ts';
import type { Passage } from './ssh-jumps.ts';
import type { SshTarget } from './ssh-target.ts';

/** AES-GCM runs in OpenSSL even without ssh2's native add-on. */
export const ciphers = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'] as const;

const longestPauseMs = 3_000;

/** True for what sshd's MaxStartups or a rebooting host does to a connection before the login. */
export const isShed = (error: ConnectError): boolean =>
  error.code === 'ECONNRESET' ||
  error.code === 'EPIPE' ||
  error.level === 'protocol' ||
  (error.level === undefined && error.code === 'ETIMEDOUT');

/** Before the next attempt: somewhere within a growing span, so that hosts behind one sshd do not come back together. */
export const pauseMs = (attempt: number): number =>
  Math.min(longestPauseMs, 300 * 2 ** (attempt - 1)) * (0.2 + Math.random());

/** Where ssh2 finds a host: its address, or a stream through the jump host. */
export async function dialTarget(
  { address, port }: SshTarget,
  passage: Passage | undefined,
  timeoutMs: number,
): Promise<{ host: string; port: number } | { sock: Duplex }> {
  if (!passage) return { host: address, port };
  return { sock: await passage.dial(address, port, timeoutMs) };
}

/** The certificate a host shows for its key, over a connection of its own. */
export async function showCertificate(
  target: SshTarget,
  passage: Passage | undefined,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  const { address: host, port } = target;
  const socket = passage ? await passage.dial(host, port, timeoutMs) : connect({ host, port });
  return fetchHostCertificate(socket, timeoutMs);
}
