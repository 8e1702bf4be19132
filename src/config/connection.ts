import { z } from 'zod';

/** How a host is reached, after defaults; file paths are absolute. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile?: string;
  readonly knownHostsFile?: string;
  readonly password?: string;
  readonly become: boolean;
  readonly becomeUser: string;
  readonly becomePassword?: string;
}

const text = () => z.string().min(1);
const yesOrNo = () =>
  z
    .union([z.boolean(), z.enum(['yes', 'no', 'true', 'false'])])
    .transform((value) => [true, 'yes', 'true'].includes(value));

/** The variables of Ansible that are understood, and our own. */
export const connectionSchema = z.strictObject({
  ansible_host: text().optional().describe("the host's address; its name in the inventory if left out"),
  ansible_port: z.int().min(1).max(65535).default(22).describe('the port of sshd'),
  ansible_user: text().default('root').describe('the user to log in as'),
  ansible_ssh_private_key_file: text().optional().describe('the key to log in with; relative to the inventory'),
  ansible_password: text().optional().describe('the password to log in with'),
  ansible_become: yesOrNo().default(false).describe("whether root's rights come from sudo"),
  ansible_become_user: z.literal('root').default('root').describe('the user to become'),
  ansible_become_method: z.literal('sudo').default('sudo').describe('how to become that user'),
  ansible_become_password: text().optional().describe('the password sudo asks for'),
  ansible_group_priority: z.int().default(1).describe('which of two groups at the same depth wins: the higher one'),
  ssh_known_hosts_file: text()
    .optional()
    .describe('the known_hosts file to check host keys against; relative to the inventory'),
});

/** Other names Ansible has for the same variables. */
export const connectionAliases: Readonly<Record<string, string>> = {
  ansible_ssh_host: 'ansible_host',
  ansible_ssh_port: 'ansible_port',
  ansible_ssh_user: 'ansible_user',
  ansible_private_key_file: 'ansible_ssh_private_key_file',
  ansible_ssh_pass: 'ansible_password',
  ansible_ssh_password: 'ansible_password',
  ansible_become_pass: 'ansible_become_password',
};

const sshHint = 'Options of the ssh command are not used; a known_hosts file goes into ssh_known_hosts_file.';

/** What to do instead, for variables of Ansible that people have and that mean nothing here. */
export const refusedVariables: Readonly<Record<string, string>> = {
  ansible_python_interpreter: 'Hosts need no Python; remove it.',
  ansible_connection: 'Hosts are always reached over SSH; remove it.',
  ansible_shell_type: 'Scripts always run under sh; remove it.',
  ansible_ssh_common_args: sshHint,
  ansible_ssh_extra_args: sshHint,
  ansible_ssh_executable: sshHint,
  ansible_become_exe: 'sudo is found on the PATH; remove it.',
  ansible_become_flags: 'sudo gets its flags from the tool; remove it.',
};

type ConnectionVariables = z.output<typeof connectionSchema>;

/** `toPath` makes a path of the inventory absolute. */
export function toConnection(name: string, from: ConnectionVariables, toPath: (path: string) => string): Connection {
  const { ansible_ssh_private_key_file: key, ssh_known_hosts_file: knownHosts } = from;
  const { ansible_password: password, ansible_become_password: becomePassword } = from;
  return {
    address: from.ansible_host ?? name,
    port: from.ansible_port,
    user: from.ansible_user,
    become: from.ansible_become,
    becomeUser: from.ansible_become_user,
    ...(key === undefined ? {} : { privateKeyFile: toPath(key) }),
    ...(knownHosts === undefined ? {} : { knownHostsFile: toPath(knownHosts) }),
    ...(password === undefined ? {} : { password }),
    ...(becomePassword === undefined ? {} : { becomePassword }),
  };
}
