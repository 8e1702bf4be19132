import { userInfo } from 'node:os';
import type { Connection } from '../../config/connection.ts';
import type { Host } from '../../config/host.ts';
import { ProvisionError } from '../../errors.ts';
import type { Sudo } from '../../transport/sudo.ts';

/** sudo reads no more of a line; the rest of it would be run as a command. */
const longestPasswordBytes = 255;

const isRoot = ({ type }: Connection, user: string): boolean =>
  type === 'local' ? userInfo().uid === 0 : user === 'root';

/** What it takes to have root's rights on a host, if logging in as this user is not enough. */
export const sudoFor = (connection: Connection, user: string): Sudo | undefined =>
  isRoot(connection, user) ? undefined : { ...(connection.becomePassword && { password: connection.becomePassword }) };

/** Refuses logins that would end without root's rights, and a password that sudo would not read as one line. */
export function checkRights({ name, connection, locate, location }: Host, user: string): readonly ProvisionError[] {
  const { type, become, becomePassword = '' } = connection;
  if (isRoot(connection, user)) return [];
  if (!become)
    return [
      new ProvisionError({
        code: 'ROOT_NEEDED',
        kind: 'config',
        what:
          type === 'local'
            ? `${name} is this machine, and you are not root`
            : `${name} is reached as ${user}, not as root`,
        where:
          type === 'ssh' && connection.user === undefined
            ? location
            : locate([type === 'local' ? 'ansible_connection' : 'ansible_user']),
        fix: 'Set ansible_become: true where that user may use sudo, with ansible_become_password if sudo asks for one.',
      }),
    ];
  if (!/[\0\n\r]/.test(becomePassword) && Buffer.byteLength(becomePassword) <= longestPasswordBytes) return [];
  return [
    new ProvisionError({
      code: 'SUDO_PASSWORD_UNUSABLE',
      kind: 'config',
      what: `the sudo password for ${name} is not one line of at most ${longestPasswordBytes} bytes`,
      where: locate(['ansible_become_password']),
      fix: 'Correct ansible_become_password.',
    }),
  ];
}
