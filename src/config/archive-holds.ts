import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';

/** Whether a .tgz or .tar has a file of that name in whatever directory; what is no archive has none, as a host that unpacks it will say. */
export async function archiveHolds(path: string, name: string): Promise<boolean> {
  const isCompressed = await isGzip(path);
  const source = createReadStream(path, { highWaterMark: 1 << 18 });
  const entries = extract();
  const stop = (error: Error) => entries.destroy(error);
  source.on('error', stop);
  if (isCompressed) source.pipe(createGunzip().on('error', stop)).pipe(entries);
  else source.pipe(entries);
  try {
    for await (const entry of entries) {
      const { type, name: place } = entry.header;
      if ((type === 'file' || type === 'symlink') && posix.basename(place) === name) return true;
      entry.resume();
    }
    return false;
  } catch {
    return false;
  } finally {
    source.destroy();
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.readUInt16BE() === 0x1f8b;
  } finally {
    await file.close();
  }
}
