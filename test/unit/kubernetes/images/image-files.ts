import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { LocalFile } from '../../../../src/kubernetes/images/base-image.ts';
import { type Member, packTar } from '../../../../src/kubernetes/images/tar.ts';

/** The beginning of an ELF program for x86-64, or another machine. */
export function program(machine = 62): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

export const local = (bytes: Buffer, path = 'file'): LocalFile => ({ path, bytes, where: path });

const applets = ['sh', 'tar', 'gzip', 'mkdir', 'mv', 'cp', 'rm', 'chmod', 'chown', 'cmp', 'sync'];

/** A root file system with busybox and its links, without those that are named. */
export const rootFileSystem = (without: readonly string[] = [], folder = 'bin'): Promise<Buffer> =>
  packTar([
    { name: './', mode: 0o755 },
    { name: `./${folder}/`, mode: 0o755 },
    { name: `./${folder}/busybox`, mode: 0o755, content: program() },
    ...applets
      .filter((name) => !without.includes(name))
      .map((name): Member => ({ name: `./${folder}/${name}`, mode: 0o777, linksTo: 'busybox' })),
  ]);

const plugins = ['bridge', 'host-local', 'loopback', 'portmap', 'flannel'];

export async function pluginArchive(
  more: readonly Member[] = [],
  { without = [] as readonly string[], machine = 62, isZipped = true } = {},
): Promise<Buffer> {
  const packed = await packTar([
    { name: './', mode: 0o755 },
    ...plugins
      .filter((name) => !without.includes(name))
      .map((name): Member => ({ name: `./${name}`, mode: 0o755, content: program(machine) })),
    ...more,
  ]);
  return isZipped ? gzipSync(packed) : packed;
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
