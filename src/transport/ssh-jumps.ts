import type { Duplex } from 'node:stream';
import type { OpenConnection } from './open-connection.ts';
import type { SshTarget } from './ssh-target.ts';

/** Connections to jump hosts: one for all hosts behind it, open while one of them is. */
export interface Jumps {
  /** Takes part in the connection to a jump host, which `open` opens if there is none. */
  join(jump: SshTarget, open: () => Promise<OpenConnection>): Promise<Passage>;
}

export interface Passage {
  /** A stream to an address as the jump host sees it. */
  dial(address: string, port: number, timeoutMs: number): Promise<Duplex>;
  leave(): void;
}

interface Shared {
  readonly connection: Promise<OpenConnection>;
  users: number;
}

export function openJumps(): Jumps {
  const open = new Map<SshTarget, Shared>();
  return {
    async join(jump, openJump) {
      const shared = open.get(jump) ?? { connection: openJump(), users: 0 };
      const forget = () => {
        if (open.get(jump) === shared) open.delete(jump);
      };
      if (open.get(jump) !== shared) {
        open.set(jump, shared);
        // a connection that failed or broke is not the one for those who come later
        shared.connection.then(({ client }) => client.once('close', forget), forget);
      }
      shared.users += 1;
      const connection = await shared.connection;
      let hasLeft = false;
      return {
        dial: (address, port, timeoutMs) => dial(connection, address, port, timeoutMs),
        leave() {
          if (hasLeft) return;
          hasLeft = true;
          shared.users -= 1;
          if (shared.users > 0) return;
          forget();
          connection.close();
        },
      };
    },
  };
}

/** A jump host may take minutes to find out that nothing answers. */
const dial = (connection: OpenConnection, address: string, port: number, timeoutMs: number): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error('Timed out while the jump host was connecting'));
    }, timeoutMs);
    connection.client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
      clearTimeout(timer);
      if (error) reject(error);
      else if (isLate) channel.destroy();
      else resolve(channel);
    });
  });
