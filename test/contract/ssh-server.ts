import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import ssh2, { type ServerChannel } from 'ssh2';
import type { PrivateHost } from './private-host.ts';

/** How the server misbehaves; may be changed between connections and commands. */
export interface Behaviour {
  refusesKeys: boolean;
  /** Connections still to be closed before the login; `greeting` is what they get to read first. */
  drops: number;
  greeting: string;
  /** Cuts the TCP connection once this many bytes of standard input have reached the command. */
  cutAfterBytes: number | undefined;
  /** Cuts it once the command has written anything. */
  cutAtOutput: boolean;
  /** Accepts commands and runs none. */
  isSilent: boolean;
  delayMs: number;
  /** Written around a command's output, as login shells do. */
  noise: { readonly before: string; readonly after: string };
  /** Output is sent in packets of this size. */
  packetBytes: number | undefined;
}

export interface SshServer {
  readonly port: number;
  readonly behaviour: Behaviour;
  /** Since the start: TCP connections, exec channels, bytes of standard input. */
  readonly seen: { connections: number; commands: number; stdinBytes: number };
  /** Connections that are open now. */
  openConnections(): number;
  /** Until every process that commands started has gone, also those of broken connections. */
  commandsEnded(): Promise<void>;
  /** Reads nothing more from its clients, as a host that is off. */
  freeze(): void;
  cut(): void;
  close(): Promise<void>;
}

export interface KeyPair {
  readonly private: string;
  /** As in known_hosts: type and base64. */
  readonly public: string;
}

const { Server, utils } = ssh2;

/** One in some hundred keys that ssh2 makes is malformed: another is made then. */
export function makeKey(type: 'ed25519' | 'ecdsa' | 'rsa'): KeyPair {
  for (;;) {
    const pair =
      type === 'ed25519'
        ? utils.generateKeyPairSync(type)
        : utils.generateKeyPairSync(type, { bits: type === 'rsa' ? 2048 : 256 });
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

const inPackets = (bytes: number): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += bytes) this.push(chunk.subarray(at, at + bytes));
      done();
    },
  });

/** An SSH server on a free local port; each exec request is run by a real shell of the host. */
export async function startSshServer(
  host: PrivateHost,
  keys: { readonly host: readonly KeyPair[]; readonly client: KeyPair },
): Promise<SshServer> {
  const behaviour: Behaviour = {
    refusesKeys: false,
    drops: 0,
    greeting: '',
    cutAfterBytes: undefined,
    cutAtOutput: false,
    isSilent: false,
    delayMs: 0,
    noise: { before: '', after: '' },
    packetBytes: undefined,
  };
  const seen = { connections: 0, commands: 0, stdinBytes: 0 };
  const sockets = new Set<Socket>();
  const running = new Set<Promise<unknown>>();
  const allowed = Buffer.from(keys.client.public.split(' ')[1] ?? '', 'base64');

  function execute(channel: ServerChannel, commandLine: string, socket: Socket): void {
    const child = host.spawn(commandLine);
    const ended = once(child, 'exit').finally(() => running.delete(ended));
    running.add(ended);
    const { stdin, stdout, stderr } = child;
    if (!stdin || !stdout || !stderr) throw new Error('a command without pipes');
    let left = behaviour.cutAfterBytes ?? Number.POSITIVE_INFINITY;
    const gate = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const passed = chunk.subarray(0, Math.min(left, chunk.length));
        left -= passed.length;
        seen.stdinBytes += passed.length;
        done(null, passed);
        if (left === 0) setImmediate(cut);
      },
    });
    // as sshd does: what has arrived is passed on, the pipes go, the command itself is left alone
    const letGo = () => {
      channel.unpipe(gate);
      gate.end();
      stdout.destroy();
      stderr.destroy();
    };
    const cut = () => {
      socket.destroy();
      letGo();
    };
    socket.once('close', letGo);
    if (left === 0) cut();
    stdin.on('error', () => {});
    channel.on('error', () => {});
    channel.pipe(gate).pipe(stdin);
    channel.write(behaviour.noise.before);
    if (behaviour.cutAtOutput) stdout.once('data', cut);
    const shown = behaviour.packetBytes === undefined ? stdout : stdout.pipe(inPackets(behaviour.packetBytes));
    shown.pipe(channel, { end: false });
    stderr.pipe(channel.stderr, { end: false });
    child.once('close', (code, signal) => {
      socket.off('close', letGo);
      if (socket.destroyed) return;
      channel.write(behaviour.noise.after, () => {
        if (signal) channel.exit(signal.slice(3), false, '');
        else channel.exit(code ?? 255);
        channel.end();
      });
    });
  }

  function serve(socket: Socket): void {
    const server = new Server({ hostKeys: keys.host.map((key) => key.private) }, (client) => {
      client.on('error', () => {});
      client.on('authentication', (context) => {
        if (context.method === 'publickey' && context.key.data.equals(allowed) && !behaviour.refusesKeys)
          context.accept();
        else context.reject(['publickey']);
      });
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, info) => {
          seen.commands += 1;
          const channel = acceptExec();
          if (behaviour.isSilent) return;
          setTimeout(() => execute(channel, info.command, socket), behaviour.delayMs);
        });
      });
    });
    server.injectSocket(socket);
  }

  const listener = createServer({ noDelay: true }, (socket) => {
    seen.connections += 1;
    socket.on('error', () => {});
    if (behaviour.drops > 0) {
      behaviour.drops -= 1;
      socket.resume().end(behaviour.greeting);
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (listener.address() as AddressInfo).port,
    behaviour,
    seen,
    openConnections: () => sockets.size,
    async commandsEnded() {
      await Promise.all(running);
    },
    freeze() {
      for (const socket of sockets) socket.pause();
    },
    cut: cutAll,
    async close() {
      cutAll();
      listener.close();
      await once(listener, 'close');
    },
  };
}
