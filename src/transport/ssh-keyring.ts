import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { listAgentKeys, OneKeyAgent } from './ssh-agent.ts';
import * as failures from './ssh-errors.ts';
import type { Identity, SshTarget } from './ssh-target.ts';

/** A key that may be offered to a host. */
export interface KeyOffer {
  /** For a person: where the key is. */
  readonly label: string;
  readonly key: ParsedKey | undefined;
  readonly agent: OneKeyAgent | undefined;
}

/** The keys of files and agents, each read once for all connections of a run. */
export interface Keyring {
  /** In the order to offer them; throws SSH_KEY_UNREADABLE and SSH_KEY_LOCKED for a key that the inventory names. */
  offersTo(target: SshTarget): Promise<readonly KeyOffer[]>;
  /** Files that wait for a passphrase before the host can be reached with what it has. */
  lockedFor(target: SshTarget): Promise<readonly string[]>;
  /** False if that is not the passphrase. */
  unlock(file: string, passphrase: string): Promise<boolean>;
}

interface KeyFile {
  readonly publicKey: Buffer | undefined;
  /** Needs a passphrase. */
  readonly isEncrypted: boolean;
  readonly text: string;
}

/** The public half of a key file; it is in the clear in OpenSSH's own format, also of an encrypted key. */
function readKeyFile(text: string): KeyFile {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1];
  if (body !== undefined) {
    const data = Buffer.from(body, 'base64');
    let at = 'openssh-key-v1\0'.length;
    const field = (): Buffer => {
      const length = data.readUInt32BE(at);
      at += 4 + length;
      return data.subarray(at - length, at);
    };
    try {
      const cipher = field().toString('latin1');
      field();
      field();
      at += 4;
      return { publicKey: field(), isEncrypted: cipher !== 'none', text };
    } catch {
      return { publicKey: undefined, isEncrypted: false, text };
    }
  }
  const isEncrypted = /^(Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----)/m.test(text);
  const key = isEncrypted ? undefined : parse(text);
  return { publicKey: key instanceof Error ? undefined : key?.getPublicSSH(), isEncrypted, text };
}

function parse(text: string, passphrase?: string): ParsedKey | Error {
  const parsed = ssh2.utils.parseKey(text.trim(), passphrase) as ParsedKey | Error | readonly ParsedKey[];
  return Array.isArray(parsed) ? parsed[0] : (parsed as ParsedKey | Error);
}

/** What became of one identity. */
type Reading =
  | { readonly offer: KeyOffer; readonly publicKey: Buffer | undefined }
  | { readonly locked: string }
  | { readonly unreadable: Error };

export function openKeyring(): Keyring {
  const files = new Map<string, Promise<KeyFile>>();
  const parsed = new Map<string, ParsedKey | Error>();
  const agents = new Map<string, Promise<readonly ParsedKey[]>>();
  const passphrases = new Map<string, string>();

  /** Decrypting takes some tenths of a second. */
  function decrypt(file: string, text: string, passphrase: string | undefined): ParsedKey | Error {
    const name = `${file}\0${passphrase ?? ''}`;
    const key = parsed.get(name) ?? parse(text, passphrase);
    parsed.set(name, key);
    return key;
  }
  const agentKeys = (socket: string | undefined): Promise<readonly ParsedKey[]> => {
    if (socket === undefined) return Promise.resolve([]);
    const keys = agents.get(socket) ?? listAgentKeys(socket);
    agents.set(socket, keys);
    return keys;
  };
  const keyFile = (file: string): Promise<KeyFile> => {
    const content = files.get(file) ?? readFile(file, 'utf8').then(readKeyFile);
    files.set(file, content);
    return content;
  };

  async function read({ file }: Identity, target: SshTarget, held: readonly ParsedKey[]): Promise<Reading> {
    const content = await keyFile(file).catch((error: Error) => error);
    if (content instanceof Error) return { unreadable: content };
    const { publicKey, isEncrypted, text } = content;
    const inAgent = held.find((key) => publicKey?.equals(key.getPublicSSH()));
    if (inAgent && target.agentSocket !== undefined)
      return {
        offer: { label: `${file} (in the agent)`, key: undefined, agent: new OneKeyAgent(target.agentSocket, inAgent) },
        publicKey,
      };
    const passphrase = passphrases.get(file) ?? target.passphrase;
    if (isEncrypted && passphrase === undefined) return { locked: file };
    const key = decrypt(file, text, isEncrypted ? passphrase : undefined);
    if (key instanceof Error) return { unreadable: key };
    if (!key.isPrivateKey()) return { unreadable: new Error('a public key, whose private half no agent holds') };
    return { offer: { label: file, key, agent: undefined }, publicKey: key.getPublicSSH() };
  }

  async function readAll(target: SshTarget) {
    const held = await agentKeys(target.agentSocket);
    const readings = await Promise.all(
      target.identities.map(async (identity) => ({ identity, reading: await read(identity, target, held) })),
    );
    const named = readings.flatMap(({ reading }) => ('offer' in reading ? [reading] : []));
    const isNamed = (key: ParsedKey) => named.some(({ publicKey }) => publicKey?.equals(key.getPublicSSH()));
    const { agentSocket: socket } = target;
    const others =
      target.identitiesOnly || socket === undefined
        ? []
        : held
            .filter((key) => !isNamed(key))
            .map((key): KeyOffer => {
              const label = `${key.comment || key.type} (in the agent)`;
              return { label, key: undefined, agent: new OneKeyAgent(socket, key) };
            });
    return { readings, offers: [...named.map(({ offer }) => offer), ...others] };
  }

  return {
    async offersTo(target) {
      const { readings, offers } = await readAll(target);
      for (const { identity, reading } of readings) {
        if (identity.namedBy !== 'inventory') continue;
        if ('locked' in reading) throw failures.keyLocked(target.name, identity.file);
        if ('unreadable' in reading) throw failures.keyUnreadable(target.name, identity.file, reading.unreadable);
      }
      return offers;
    },
    async lockedFor(target) {
      const { readings, offers } = await readAll(target);
      const needsMore = offers.length === 0 && target.password === undefined;
      return readings.flatMap(({ identity, reading }) =>
        'locked' in reading && (identity.namedBy === 'inventory' || needsMore) ? [reading.locked] : [],
      );
    },
    async unlock(file, passphrase) {
      const { text } = await keyFile(file);
      if (decrypt(file, text, passphrase) instanceof Error) return false;
      passphrases.set(file, passphrase);
      return true;
    },
  };
}
