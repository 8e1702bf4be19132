import type { Transport } from '../transport/transport.ts';

/** A transport whose connection can be opened anew after it broke; what all of its connections carried counts together. */
export interface RenewableTransport extends Transport {
  renew(): Promise<void>;
}

/** Connects, and again at every `renew`. */
export async function openRenewable(connect: () => Promise<Transport>): Promise<RenewableTransport> {
  let current = await connect();
  let earlier = { commands: 0, uploads: 0 };
  let isClosed = false;
  const count = () => ({
    commands: earlier.commands + current.counts.commands,
    uploads: earlier.uploads + current.counts.uploads,
  });
  return {
    run: (script, options) => current.run(script, options),
    send: (commandLine, content, options) => current.send(commandLine, content, options),
    get counts() {
      return count();
    },
    close() {
      isClosed = true;
      current.close();
    },
    async renew() {
      current.close();
      const next = await connect();
      earlier = count();
      current = next;
      if (isClosed) current.close();
    },
  };
}
