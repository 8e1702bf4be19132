import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { ProvisionError } from '../errors.ts';
import { converse } from './conversation.ts';
import type { Machine, RemoteProcess } from './remote-process.ts';
import { commandTimeout, connectionLost } from './ssh-errors.ts';
import { type Sudo, sudoPrefix } from './sudo.ts';
import type { CommandResult, RunOptions, Transport } from './transport.ts';

/** Between single quotes every login shell takes these characters as they are, csh and fish too. */
const readScript = 'exec sh -s';
/** Shells read a script in blocks and would take what follows it too, but a line byte by byte. */
const readLine = 'IFS= read -r line && eval "$line"';

/** Commands with root's rights, through the login shell of a machine; by sudo unless that login has them. */
export function openTransport(machine: Machine, sudo?: Sudo): Transport {
  const counts = { commands: 0, uploads: 0 };
  // a wrong password is tried once, whatever comes after: accounts get locked
  let refused: ProvisionError | undefined;

  /** Rejects with what the transport throws, or with the error of the stream that was to be sent. */
  async function execute(
    task: string,
    { content, speak }: { content?: Readable; speak(stdin: Writable): void },
    options: RunOptions,
  ): Promise<CommandResult> {
    let process: RemoteProcess | undefined;
    let isOver = false;
    let giveUp: (reason: unknown) => void = () => {};
    const abandoned = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const timer = setTimeout(() => giveUp(commandTimeout(machine, options.timeoutMs)), options.timeoutMs);
    let contentError: Error | undefined;
    content?.on('error', (error) => {
      contentError = error;
      giveUp(error);
    });
    async function start(): Promise<CommandResult> {
      if (refused) throw refused;
      const nonce = randomBytes(12).toString('hex');
      // in a shell of its own, which alone dies when the connection has just broken: a script that has arrived is carried out
      const shell = `sh -c '(echo ${nonce}$$; echo ${nonce}$$ >&2); ${task}'`;
      process = await machine.spawn(sudo ? sudoPrefix(sudo, nonce) + shell : shell);
      if (isOver) {
        process.ended.catch(() => {});
        process.close();
        throw new Error('it was given up while it started');
      }
      const { onOutput } = options;
      return converse(machine, process, { nonce, sudo, speak, ...(onOutput && { onOutput }) });
    }
    try {
      return await Promise.race([start(), abandoned]);
    } catch (error) {
      process?.close();
      if (error instanceof ProvisionError && error.code.startsWith('SUDO_')) refused = error;
      if (error instanceof ProvisionError || error === contentError) throw error;
      throw connectionLost(machine, machine.brokenBy() ?? (error as Error));
    } finally {
      isOver = true;
      clearTimeout(timer);
      content?.destroy();
    }
  }

  return {
    run(script, options) {
      counts.commands += 1;
      return execute(readScript, { speak: (stdin) => stdin.end(script) }, options);
    },
    send(line, content, options) {
      if (line.includes('\n')) throw new TypeError('what reads an upload is one line');
      counts.uploads += 1;
      const speak = (stdin: Writable) => {
        stdin.write(`${line}\n`);
        content.pipe(stdin);
      };
      return execute(readLine, { content, speak }, options);
    },
    counts,
    close: () => machine.close(),
  };
}
