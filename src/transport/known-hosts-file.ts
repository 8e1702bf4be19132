import { mkdir, open, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { forgetHost, hashName, type KnownHostsText, keyType } from './known-hosts.ts';

/** Files that do not exist are empty. */
export async function readKnownHosts(file: string): Promise<KnownHostsText> {
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { file, text: '' };
    throw error;
  }
}

const keyLine = (name: string, key: Buffer): string => `${name} ${keyType(key)} ${key.toString('base64')}\n`;

/** Adds a line of its own, in one write, also where the last line has no end; `name` is as known_hosts has it. */
export async function recordHostKey(file: string, name: string, key: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const lineStart = size > 0 && last.toString() !== '\n' ? '\n' : '';
    await handle.write(`${lineStart}${keyLine(name, key)}`);
  } finally {
    await handle.close();
  }
}

/** Makes a file say that a name has this key and no other; hashed where it was. The file is replaced as a whole, with its mode. */
export async function replaceHostKey(file: string, name: string, key: Buffer): Promise<void> {
  const { text } = await readKnownHosts(file);
  const { text: others, wasHashed } = forgetHost(text, name);
  if (others === text) return recordHostKey(file, name, key);
  const path = await realpath(file);
  const { mode, uid, gid } = await stat(path);
  const lineStart = others === '' || others.endsWith('\n') ? '' : '\n';
  const fresh = `${path}.provision`;
  await writeFile(fresh, `${others}${lineStart}${keyLine(wasHashed ? hashName(name) : name, key)}`, { mode: 0o600 });
  const handle = await open(fresh, 'r+');
  try {
    await handle.chmod(mode & 0o7777);
    await handle.chown(uid, gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, path);
}
