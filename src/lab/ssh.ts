import { join } from 'node:path';
import { type Execution, execute } from './execute.ts';
import type { LabHost } from './lab-host.ts';

export const keyPathOf = (labFolder: string): string => join(labFolder, 'id_ed25519');

/** Arguments of `ssh` into a lab host, which is known by the key it has now. */
export const sshArguments = (host: LabHost, user = 'root'): string[] => [
  ...['-i', keyPathOf(host.labFolder), '-o', 'IdentitiesOnly=yes', '-F', '/dev/null'],
  ...['-o', `UserKnownHostsFile=${join(host.folder, 'known_hosts')}`, '-o', 'GlobalKnownHostsFile=/dev/null'],
  ...['-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
  ...['-o', 'ConnectTimeout=3', '-o', 'ServerAliveInterval=5', `${user}@${host.address}`],
];

/** The usual one of OpenSSH 9 is made for eavesdroppers with quantum computers, and takes a tenth of a second of each side. */
const cheapKeyExchange = 'KexAlgorithms=curve25519-sha256';

/** Runs a shell command line on a host as root. */
export const runOnHost = (
  host: LabHost,
  command: string,
  options: { readonly input?: string } = {},
): Promise<Execution> => execute('ssh', ['-o', cheapKeyExchange, ...sshArguments(host), command], options);
