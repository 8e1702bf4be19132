import { z } from 'zod';
import { isAddressMistaken } from './cidr.ts';
import { type SecretReference, secret } from './secret.ts';

/** How the inventory says a host is reached; what it leaves out, ssh_config may say. File paths are absolute. */
export interface Connection {
  /** `local` is the machine the tool runs on. */
  readonly type: 'ssh' | 'local';
  readonly address: string;
  readonly port?: number;
  readonly user?: string;
  readonly privateKeyFile?: string;
  readonly keyPassphrase?: string;
  readonly knownHostsFile?: string;
  /** Instead of the user's and the system's; `none` for no file at all. */
  readonly sshConfigFile?: string;
  /** Hosts of the inventory or `[user@]host[:port]`, separated by commas; `none` for none. */
  readonly proxyJump?: string;
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
  ansible_connection: z.enum(['ssh', 'local']).default('ssh').describe('`local` for the machine the tool runs on'),
  ansible_host: text()
    .refine((address) => !isAddressMistaken(address), {
      error: 'Not an IPv4 address: its four numbers go from 0 to 255, without zeros before them',
      params: { fix: 'Correct the address.' },
    })
    .optional()
    .describe("the host's address; its name in the inventory if left out"),
  ansible_port: z.int().min(1).max(65535).optional().describe("the port of sshd; ssh_config's or 22 if left out"),
  ansible_user: text().optional().describe("the user to log in as; ssh_config's or root if left out"),
  ansible_ssh_private_key_file: text().optional().describe('the key to log in with; relative to the inventory'),
  ansible_password: secret().optional().describe('the password to log in with'),
  ansible_become: yesOrNo().default(false).describe("whether root's rights come from sudo, for users other than root"),
  ansible_become_user: z.literal('root').default('root').describe('the user to become'),
  ansible_become_method: z.literal('sudo').default('sudo').describe('how to become that user'),
  ansible_become_password: secret().optional().describe('the password sudo asks for'),
  ssh_key_passphrase: secret().optional().describe('the passphrase of the private key'),
  ansible_group_priority: z.int().default(1).describe('which of two groups at the same depth wins: the higher one'),
  ssh_known_hosts_file: text()
    .optional()
    .describe('the known_hosts file to check host keys against; relative to the inventory'),
  ssh_proxy_jump: text()
    .optional()
    .describe('the jump hosts: names of the inventory or [user@]host[:port], by commas; `none` for none'),
  ssh_config_file: text()
    .optional()
    .describe('the ssh_config file to read instead of your own; relative to the inventory; `none` reads none'),
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

const sshHint =
  'Options of the ssh command are not used: jump hosts go into ssh_proxy_jump, a known_hosts file into ssh_known_hosts_file, others into ~/.ssh/config.';

/** What to do instead, for variables of Ansible that people have and that mean nothing here. */
export const refusedVariables: Readonly<Record<string, string>> = {
  ansible_python_interpreter: 'Hosts need no Python; remove it.',
  ansible_shell_type: 'Scripts always run under sh; remove it.',
  ansible_ssh_common_args: sshHint,
  ansible_ssh_extra_args: sshHint,
  ansible_ssh_executable: sshHint,
  ansible_become_exe: 'sudo is found on the PATH; remove it.',
  ansible_become_flags: 'sudo gets its flags from the tool; remove it.',
};

/** The variables that hold a secret, and what they are called in a connection. */
export const secretVariables = {
  ansible_password: 'password',
  ansible_become_password: 'becomePassword',
  ssh_key_passphrase: 'keyPassphrase',
} as const satisfies Readonly<Record<string, keyof Connection>>;

const plain = (value: string | SecretReference | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

type ConnectionVariables = z.output<typeof connectionSchema>;

/** `toPath` makes a path of the inventory absolute. Secrets that are elsewhere are left out until they are read. */
export function toConnection(name: string, from: ConnectionVariables, toPath: (path: string) => string): Connection {
  const path = (value: string | undefined) => (value === undefined ? undefined : toPath(value));
  const { ssh_config_file: config } = from;
  return withoutUndefined({
    type: from.ansible_connection,
    address: from.ansible_host ?? name,
    port: from.ansible_port,
    user: from.ansible_user,
    become: from.ansible_become,
    becomeUser: from.ansible_become_user,
    privateKeyFile: path(from.ansible_ssh_private_key_file),
    keyPassphrase: plain(from.ssh_key_passphrase),
    knownHostsFile: path(from.ssh_known_hosts_file),
    sshConfigFile: config === 'none' ? config : path(config),
    proxyJump: from.ssh_proxy_jump,
    password: plain(from.ansible_password),
    becomePassword: plain(from.ansible_become_password),
  });
}

type Present<Shape> = { [Key in keyof Shape as undefined extends Shape[Key] ? never : Key]: Shape[Key] } & {
  [Key in keyof Shape as undefined extends Shape[Key] ? Key : never]?: Exclude<Shape[Key], undefined>;
};

const withoutUndefined = <Shape extends object>(shape: Shape): Present<Shape> =>
  Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Present<Shape>;
