import { createDiffieHellmanGroup, createECDH, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { ConnectError } from './open-connection.ts';
import { openFields, toField } from './ssh-fields.ts';

const certificateTypes = [
  'ssh-ed25519-cert-v01@openssh.com',
  'ecdsa-sha2-nistp256-cert-v01@openssh.com',
  'ecdsa-sha2-nistp384-cert-v01@openssh.com',
  'ecdsa-sha2-nistp521-cert-v01@openssh.com',
  'rsa-sha2-512-cert-v01@openssh.com',
  'rsa-sha2-256-cert-v01@openssh.com',
];
/** Name → a public key for it; all of them have the same two messages. */
const exchanges: Readonly<Record<string, () => Buffer>> = {
  'curve25519-sha256': curve25519Key,
  'curve25519-sha256@libssh.org': curve25519Key,
  'ecdh-sha2-nistp256': () => createECDH('prime256v1').generateKeys(),
  'ecdh-sha2-nistp384': () => createECDH('secp384r1').generateKeys(),
  'ecdh-sha2-nistp521': () => createECDH('secp521r1').generateKeys(),
  'diffie-hellman-group14-sha256': () => diffieHellmanKey('modp14'),
  'diffie-hellman-group16-sha512': () => diffieHellmanKey('modp16'),
};
/** Never used, yet sshd ends an exchange without one in common. */
const ciphers = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'];
const macs = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'];

const message = { disconnect: 1, kexInit: 20, kexStart: 30, kexReply: 31 } as const;
const maxBytes = 256 * 1024;

const failure = (level: 'protocol' | 'client-timeout' | 'handshake', text: string): ConnectError =>
  Object.assign(new Error(text), { level });

const lost = () => failure('protocol', 'Connection lost before the host showed its certificate');

function toPacket(payload: Buffer): Buffer {
  const padding = 4 + (7 - ((payload.length + 8) % 8));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding);
  head.writeUInt8(padding, 4);
  return Buffer.concat([head, payload, randomBytes(padding)]);
}

function kexInit(): Buffer {
  const lists = [Object.keys(exchanges), certificateTypes, ciphers, ciphers, macs, macs, ['none'], ['none'], [], []];
  const fields = lists.map((list) => toField(list.join(',')));
  return Buffer.concat([Buffer.from([message.kexInit]), randomBytes(16), ...fields, Buffer.alloc(5)]);
}

function curve25519Key(): Buffer {
  return generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** A zero before it says that the number is not negative. */
function diffieHellmanKey(group: string): Buffer {
  const key = createDiffieHellmanGroup(group).generateKeys();
  return (key[0] ?? 0) < 0x80 ? key : Buffer.concat([Buffer.alloc(1), key]);
}

/** Cuts the greeting and then whole packets off what arrived; gives their payloads. */
async function* readPayloads(socket: Duplex): AsyncGenerator<Buffer> {
  let left: Buffer = Buffer.alloc(0);
  let isGreeted = false;
  for await (const chunk of socket) {
    left = Buffer.concat([left, chunk as Buffer]);
    for (let end = left.indexOf('\n'); !isGreeted && end >= 0; end = left.indexOf('\n')) {
      isGreeted = left.subarray(0, 4).toString() === 'SSH-';
      left = left.subarray(end + 1);
    }
    while (isGreeted && left.length >= 5 && left.length >= 4 + left.readUInt32BE()) {
      const length = left.readUInt32BE();
      yield left.subarray(5, 4 + length - left.readUInt8(4));
      left = left.subarray(4 + length);
    }
    if (left.length > maxBytes) break;
  }
}

async function exchangeKeys(socket: Duplex): Promise<Buffer | undefined> {
  socket.write('SSH-2.0-provision\r\n');
  socket.write(toPacket(kexInit()));
  for await (const payload of readPayloads(socket)) {
    if (payload[0] === message.disconnect) break;
    if (payload[0] === message.kexReply) return openFields(payload, 1).bytes();
    if (payload[0] !== message.kexInit) continue;
    const fields = openFields(payload, 17);
    const [itsExchanges, itsTypes] = [fields.text().split(','), fields.text().split(',')];
    if (!certificateTypes.some((type) => itsTypes.includes(type))) return undefined;
    const exchange = Object.entries(exchanges).find(([name]) => itsExchanges.includes(name));
    if (!exchange) throw failure('handshake', `No key exchange in common; it has ${itsExchanges.join(', ')}`);
    const [, makeKey] = exchange;
    socket.write(toPacket(Buffer.concat([Buffer.from([message.kexStart]), toField(makeKey())])));
  }
  throw lost();
}

/**
 * The certificate that a host shows for its key, undefined if it has none; the connection is used up.
 * ssh2 cannot ask for one. That the host has the private key need not be proven here: the login's own key exchange does.
 */
export async function fetchHostCertificate(socket: Duplex, timeoutMs: number): Promise<Buffer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure('client-timeout', 'Timed out while waiting for handshake')), timeoutMs);
  });
  try {
    return await Promise.race([exchangeKeys(socket), late]);
  } catch (error) {
    const { code, level } = error as ConnectError;
    if (code === 'ERR_STREAM_PREMATURE_CLOSE') throw lost();
    throw Object.assign(error as Error, { level: level ?? 'client-socket' });
  } finally {
    clearTimeout(timer);
    socket.on('error', () => {}).destroy();
  }
}
