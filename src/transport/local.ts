import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RemoteProcess } from './remote-process.ts';
import { openTransport } from './shell-transport.ts';
import type { Sudo } from './sudo.ts';
import type { Transport } from './transport.ts';

export interface LocalTarget {
  readonly name: string;
  /** Who runs the tool, and the folder that is theirs. */
  readonly user: string;
  readonly homeFolder: string;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The control machine itself as a host. */
export function openLocal(target: LocalTarget, sudo?: Sudo): Transport {
  const { name, user, homeFolder } = target;

  async function start(commandLine: string): Promise<RemoteProcess> {
    // a session and an environment of its own, as a login has them: no Ctrl-C, no variables of ours
    const child = spawn('/bin/sh', ['-c', `exec ${commandLine}`], {
      cwd: '/',
      detached: true,
      env: { PATH: searchPath, HOME: homeFolder, USER: user, LOGNAME: user },
      stdio: 'pipe',
    });
    // a kill that is not permitted is told by this event too: what has started goes on to its end
    child.on('error', () => {});
    await once(child, 'spawn');
    const { stdin, stdout, stderr } = child;
    const ended = new Promise<Awaited<RemoteProcess['ended']>>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    const close = () => {
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      child.unref();
    };
    return { stdin, stdout, stderr, ended, kill: () => child.kill('SIGKILL'), close };
  }

  return openTransport({ name, user, spawn: start, brokenBy: () => undefined, close: () => {} }, sudo);
}
