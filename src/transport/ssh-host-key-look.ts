import { setTimeout as sleep } from 'node:timers/promises';
import { NodeSSH } from 'node-ssh';
import { ProvisionError } from '../errors.ts';
import { fingerprint, type HostKeyVerdict, type KnownKey, keyType } from './known-hosts.ts';
import type { ConnectError } from './open-connection.ts';
import { openConnection, type SshOptions, shareSsh } from './ssh-connection.ts';
import { ciphers, dialTarget, isShed, pauseMs, showCertificate } from './ssh-dial.ts';
import { connectionError } from './ssh-errors.ts';
import { certify, hostKeyTypes, lookUpTarget, nameOf, needsCertificate, orderTypes } from './ssh-host-key.ts';
import type { Passage } from './ssh-jumps.ts';
import type { SshTarget } from './ssh-target.ts';

/** The key that a host shows, beside what known_hosts says of it; that the host has its other half is proven by the login. */
export interface HostKeySight {
  /** The name in known_hosts. */
  readonly name: string;
  readonly shown: Buffer;
  readonly verdict: HostKeyVerdict;
  readonly known: readonly KnownKey[];
}

/** Looks at the key of a host without logging in; of its keys at the one with that fingerprint, if it has it. */
export async function lookAtHostKey(target: SshTarget, options: SshOptions, wanted?: string): Promise<HostKeySight> {
  const share = options.share ?? shareSsh();
  const { jump } = target;
  const passage = jump && (await share.jumps.join(jump, () => openConnection(jump, { ...options, share })));
  try {
    const noted = await lookUpTarget(target);
    const known = needsCertificate(noted)
      ? certify(target, noted, await showCertificate(target, passage, options.connectTimeoutMs))
      : noted;
    const order = orderTypes(known.types);
    let shown = await showKey(target, options, passage, order);
    if (wanted !== undefined && fingerprint(shown) !== wanted)
      for (const type of hostKeyTypes.filter((one) => keyType(shown) !== keyNamed(one))) {
        const other = await showKey(target, options, passage, [type]).catch(() => undefined);
        if (other && fingerprint(other) === wanted) shown = other;
      }
    return { name: nameOf(target), shown, verdict: known.check(shown), known: known.keys };
  } finally {
    passage?.leave();
  }
}

/** Signatures of two kinds come from one key of RSA. */
const keyNamed = (type: string): string => (type.startsWith('rsa-') ? 'ssh-rsa' : type);

async function showKey(
  target: SshTarget,
  { connectTimeoutMs, attempts }: SshOptions,
  passage: Passage | undefined,
  order: readonly string[],
): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    const ssh = new NodeSSH();
    let shown: Buffer | undefined;
    try {
      await ssh.connect({
        ...(await dialTarget(target, passage, connectTimeoutMs)),
        username: target.user,
        readyTimeout: connectTimeoutMs,
        algorithms: { serverHostKey: [...order] as never, cipher: [...ciphers] },
        hostVerifier(key: Buffer) {
          shown = key;
          return false;
        },
      });
    } catch (error) {
      if (shown) return shown;
      if (error instanceof ProvisionError) throw error;
      if (attempt >= attempts || !isShed(error as ConnectError))
        throw connectionError(target, error as ConnectError, { tried: [], methodsOffered: () => [] });
    } finally {
      ssh.dispose();
    }
    await sleep(pauseMs(attempt));
  }
}
