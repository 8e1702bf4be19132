import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { arch } from 'node:os';
import { join } from 'node:path';
import { cached } from './cached.ts';
import { openAuthority } from './certificates.ts';
import { openPrivateApt } from './debian-archive.ts';
import { authorityFolder } from './disk-contents.ts';
import { must } from './execute.ts';
import { prepareMachine } from './machine.ts';
import { describeSlot } from './slot.ts';
import { readState } from './state.ts';
import { waitUntil } from './wait-until.ts';

export interface LabRegistry {
  /** HOST:PORT, as hosts of the lab reach it. */
  readonly address: string;
  readonly user: string;
  readonly password: string;
  /** The file of the lab's CA, which its certificate is of. */
  readonly ca: string;
  stop(): Promise<void>;
}

const port = 5000;
const user = 'lab';

/** Debian's docker-registry for the hosts of a lab, on this machine: with TLS and a password, empty at first. */
export async function startRegistry(
  labFolder: string,
  cacheFolder: string,
  say: (line: string) => void,
): Promise<LabRegistry> {
  const program = await registryProgram(labFolder, cacheFolder, say);
  const { gateway } = describeSlot(readState(labFolder)?.slot ?? 0);
  const folder = join(labFolder, 'registry');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const authority = await openAuthority(authorityFolder(labFolder));
  const { certificate, key } = await authority.issue({ commonName: 'registry', servesAt: [gateway] });
  const password = 'of the registry';
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, { mode: 0o600 });
  await write('certificate.pem', certificate);
  await write('key.pem', key);
  await write(
    'users',
    `${user}:${await must('perl', ['-e', 'print crypt($ARGV[0], q{$2b$05$ofthelabofthelabofthela})', password])}\n`,
  );
  await write('config.yml', renderConfiguration(folder, gateway));
  const child = spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const address = `${gateway}:${port}`;
  await waitUntil('the registry answers', 30, () => answers(address, authority.certificate));
  return {
    address,
    user,
    password,
    ca: join(authorityFolder(labFolder), 'ca.pem'),
    async stop() {
      child.kill();
      await ended;
    },
  };
}

const renderConfiguration = (folder: string, address: string): string => `version: 0.1
storage: { filesystem: { rootdirectory: ${folder}/images } }
http:
  addr: ${address}:${port}
  tls: { certificate: ${folder}/certificate.pem, key: ${folder}/key.pem }
auth: { htpasswd: { realm: lab, path: ${folder}/users } }
`;

const answers = (address: string, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request(`https://${address}/v2/`, { ca }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 401);
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });

async function registryProgram(labFolder: string, cacheFolder: string, say: (line: string) => void): Promise<string> {
  const machine = await prepareMachine(labFolder, say);
  const folder = await cached(join(cacheFolder, `docker-registry-${arch()}`), say, async (unfinished) => {
    say('Fetching docker-registry');
    const log = join(cacheFolder, 'docker-registry.log');
    const work = await mkdtemp(join(cacheFolder, 'apt-'));
    try {
      const apt = await openPrivateApt(join(work, 'apt'), machine.sources);
      const packages = join(work, 'packages');
      await mkdir(packages);
      await apt.download(['docker-registry'], packages, log);
      for (const name of await readdir(packages))
        await must('dpkg-deb', ['-x', join(packages, name), join(work, 'unpacked')], { log });
      await rename(join(work, 'unpacked/usr/bin/docker-registry'), join(unfinished, 'docker-registry'));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return join(folder, 'docker-registry');
}
