import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while nobody else on this machine, this process included, holds the same name; calls `onWait` once if it has to wait.
 * The lock is a listening abstract socket, so the kernel gives it back however the holder ends.
 */
export async function exclusively<T>(name: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  const address = `\0provision-lab/${createHash('sha256').update(name).digest('hex')}`;
  let waited = false;
  for (;;) {
    const release = await acquire(address);
    if (release !== undefined) {
      try {
        return await work();
      } finally {
        await release();
      }
    }
    if (!waited) onWait?.();
    waited = true;
    await sleep(20 + 80 * Math.random());
  }
}

function acquire(address: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => resolve(() => new Promise((closed) => server.close(() => closed()))));
  });
}
