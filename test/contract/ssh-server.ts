import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import ssh2, { type ServerChannel } from 'ssh2';
import type { PrivateHost } from './private-host.ts';
import { showCertificate } from './show-certificate.ts';

/** How the server misbehaves; may be changed between connections and commands. */
export interface Behaviour {
  /** Keys let in; the client's own unless changed. */
  keys: readonly KeyPair[];
  password: string | undefined;
  /** How it takes passwords. */
  passwordMethods: readonly ('password' | 'keyboard-interactive')[];
  /** What keyboard-interactive asks, one question after the other. */
  questions: readonly { readonly prompt: string; readonly echo: boolean }[];
  /** Ends a login at this failure, as sshd does. */
  maxAuthTries: number;
  forwards: boolean;
  /** Lets in and disconnects in one packet. */
  disconnectsAtLogin: boolean;
  /** Shown to who asks for it. */
  certificate: Buffer | undefined;
  /** Connections still to be closed before the login; `greeting` is what they get to read first. */
  drops: number;
  greeting: string;
  /** Cuts the TCP connection once this many bytes of standard input have reached the command. */
  cutAfterBytes: number | undefined;
  /** Does so only the first time. */
  cutsOnce: boolean;
  /** Cuts it once the command has written this. */
  cutAtOutput: RegExp | undefined;
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
  /** Since the start: TCP connections, exec and forwarded channels, bytes of standard input, and how logins were tried. */
  readonly seen: {
    connections: number;
    commands: number;
    forwarded: number;
    stdinBytes: number;
    readonly logins: string[];
    /** Answers to questions of keyboard-interactive. */
    readonly answers: string[];
  };
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
    keys: [keys.client],
    password: undefined,
    passwordMethods: ['password', 'keyboard-interactive'],
    questions: [{ prompt: 'Password: ', echo: false }],
    maxAuthTries: 6,
    forwards: true,
    disconnectsAtLogin: false,
    certificate: undefined,
    drops: 0,
    greeting: '',
    cutAfterBytes: undefined,
    cutsOnce: false,
    cutAtOutput: undefined,
    isSilent: false,
    delayMs: 0,
    noise: { before: '', after: '' },
    packetBytes: undefined,
  };
  const seen: SshServer['seen'] = { connections: 0, commands: 0, forwarded: 0, stdinBytes: 0, logins: [], answers: [] };
  const sockets = new Set<Socket>();
  const running = new Set<Promise<unknown>>();
  const isAllowed = (key: Buffer): boolean =>
    behaviour.keys.some((one) => key.equals(Buffer.from(one.public.split(' ')[1] ?? '', 'base64')));

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
        if (left > 0) return;
        if (behaviour.cutsOnce) behaviour.cutAfterBytes = undefined;
        setImmediate(cut);
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
    const { cutAtOutput } = behaviour;
    if (cutAtOutput) stdout.on('data', (chunk: Buffer) => cutAtOutput.test(chunk.toString()) && cut());
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
      let failures = 0;
      client.on('authentication', (context) => {
        const { password, passwordMethods } = behaviour;
        const methods = ['publickey' as const, ...(password === undefined ? [] : passwordMethods)];
        const refuse = () => {
          if (context.method !== 'none') failures += 1;
          if (failures >= behaviour.maxAuthTries) client.end();
          else context.reject([...methods]);
        };
        // a key is named before anything is signed with it
        if (context.method !== 'publickey' || !context.signature) seen.logins.push(context.method);
        const isOffered = methods.some((method) => method === context.method);
        if (!isOffered) refuse();
        else if (context.method === 'publickey' && isAllowed(context.key.data)) {
          if (!behaviour.disconnectsAtLogin || !context.signature) return context.accept();
          socket.cork();
          context.accept();
          // with a reason: ssh2 itself would only say that it has ended
          (client as unknown as { _protocol: { disconnect(reason: number): void } })._protocol.disconnect(2);
          socket.end();
        } else if (context.method === 'password' && context.password === password) context.accept();
        else if (context.method === 'keyboard-interactive') {
          const ask = ([question, ...others]: Behaviour['questions'], answered: readonly string[]): void => {
            if (!question) {
              if (answered[0] === password) context.accept();
              else refuse();
              return;
            }
            context.prompt([question], (answers) => {
              seen.answers.push(...answers);
              ask(others, [...answered, ...answers]);
            });
          };
          ask(behaviour.questions, []);
        } else refuse();
      });
      client.on('tcpip', (accept, reject, { destIP, destPort }) => {
        seen.forwarded += 1;
        if (!behaviour.forwards) return reject();
        const outgoing = connect(destPort, destIP);
        outgoing.once('error', () => reject());
        outgoing.once('connect', () => {
          const channel = accept();
          channel.on('error', () => outgoing.destroy()).on('close', () => outgoing.destroy());
          outgoing
            .off('error', reject)
            .on('error', () => channel.end())
            .on('close', () => channel.end());
          channel.pipe(outgoing).pipe(channel);
        });
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
    const { certificate } = behaviour;
    // ssh2 cannot show certificates, and its client greets with another name
    if (!certificate) serve(socket);
    else
      socket.once('data', (chunk) => {
        if (chunk.includes('SSH-2.0-provision')) return showCertificate(socket, certificate);
        socket.unshift(chunk);
        serve(socket);
      });
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
