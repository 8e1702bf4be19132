import type { Client, ClientChannel } from 'ssh2';
import type { RemoteProcess } from './remote-process.ts';
import { openTransport } from './shell-transport.ts';
import { openConnection, type SshOptions } from './ssh-connection.ts';
import type { SshTarget } from './ssh-target.ts';
import type { Sudo } from './sudo.ts';
import type { Transport } from './transport.ts';

/** Opens the one connection to a host; its host key is checked before anything is sent. */
export async function connectSsh(target: SshTarget, options: SshOptions, sudo?: Sudo): Promise<Transport> {
  const { client, brokenBy, close } = await openConnection(target, options);
  const { name, user } = target;
  return openTransport({ name, user, spawn: (commandLine) => spawn(client, commandLine), brokenBy, close }, sudo);
}

function spawn(client: Client, commandLine: string): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    client.once('error', reject);
    client.exec(commandLine, (error, channel) => {
      client.off('error', reject);
      if (error) reject(error);
      else resolve(toProcess(channel));
    });
  });
}

function toProcess(channel: ClientChannel): RemoteProcess {
  let status: { code: number | null; signal: string | null } | undefined;
  channel.on('exit', (code: number | null, signal?: string) => {
    status = { code, signal: signal ?? null };
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    channel.on('close', () => (status ? resolve(status) : reject(new Error('the connection was lost'))));
  });
  const kill = () => channel.signal('KILL');
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, kill, close: () => channel.close() };
}
