import type { Socket } from 'node:net';

const toField = (content: Buffer | string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(content));
  return Buffer.concat([length, Buffer.from(content)]);
};

function toPacket(payload: Buffer): Buffer {
  const padding = 12 - ((payload.length + 9) % 8);
  return Buffer.concat([toField(Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]))]);
}

/** A server's part of a key exchange as far as the host key, in pieces as a slow line has them; nothing is computed. */
export function showCertificate(socket: Socket, certificate: Buffer): void {
  const type = certificate.subarray(4, 4 + certificate.readUInt32BE()).toString();
  const lists = ['sntrup761x25519-sha512@openssh.com,curve25519-sha256', `ssh-rsa,${type}`, ...Array(8).fill('')];
  const init = Buffer.concat([Buffer.from([20]), Buffer.alloc(16), ...lists.map(toField), Buffer.alloc(5)]);
  const reply = Buffer.concat([Buffer.from([31]), toField(certificate), toField('key'), toField('signature')]);
  socket.write(Buffer.concat([Buffer.from('Welcome.\r\nSSH-2.0-test\r\n'), toPacket(init).subarray(0, 99)]));
  setTimeout(() => socket.write(toPacket(init).subarray(99)), 50);
  socket.once('data', () => socket.write(toPacket(reply)));
}
