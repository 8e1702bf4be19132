import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keyType, knownHostName } from './known-hosts.ts';

/** Empty when there is no such file. */
export async function readKnownHosts(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Adds a line of its own, in one write, also where the last line has no end. */
export async function recordHostKey(file: string, address: string, port: number, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const lineStart = size > 0 && last.toString() !== '\n' ? '\n' : '';
    await handle.write(`${lineStart}${knownHostName(address, port)} ${keyType(key)} ${key.toString('base64')}\n`);
  } finally {
    await handle.close();
  }
}
