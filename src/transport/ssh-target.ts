/** A key to log in with. */
export interface Identity {
  /** A private key, or the public half of one that the agent holds. */
  readonly file: string;
  /** A missing file is a mistake in an inventory; of the other two it means nothing. */
  readonly namedBy: 'inventory' | 'ssh_config' | 'default';
}

/** Where a host is and how to log in; file paths are absolute. */
export interface SshTarget {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Offered in this order, before other keys of the agent. */
  readonly identities: readonly Identity[];
  /** Keys of the agent that `identities` do not name are not offered. */
  readonly identitiesOnly: boolean;
  readonly agentSocket?: string;
  readonly password?: string;
  /** Of any encrypted key among `identities`. */
  readonly passphrase?: string;
  /** The first is where a new key is recorded, unless `recordsNoKeys`. */
  readonly knownHostsFiles: readonly string[];
  /** There is no file of the user's, and that of the system is not written. */
  readonly recordsNoKeys?: boolean;
  /** The name known_hosts files it under, instead of its address and port. */
  readonly hostKeyAlias?: string;
  /** The key that somebody has accepted for it, whatever known_hosts says: no other one is trusted, and it takes their place there. */
  readonly acceptedHostKey?: Buffer;
  /** The host whose sshd makes the connection to it. */
  readonly jump?: SshTarget;
}

/** The name that a certificate has to be for. */
export const principalOf = (target: SshTarget): string => target.hostKeyAlias ?? target.address.toLowerCase();
