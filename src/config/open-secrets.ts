import { readFile, stat } from 'node:fs/promises';
import { ProvisionError } from '../errors.ts';
import { formatLocation, type Location } from '../location.ts';
import { decrypt, NotDecrypted, readIdentities } from './age.ts';
import { secretVariables } from './connection.ts';
import type { Host, Inventory } from './host.ts';
import type { SecretReference } from './secret.ts';

export interface SecretMeans {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Holds the age identities that encrypted values are opened with. */
  readonly identityFile: string;
  /** Told of every secret that was read. */
  hide(secret: string): void;
}

/** What an error says but for its place. */
type Reason = Pick<ConstructorParameters<typeof ProvisionError>[0], 'code' | 'kind' | 'what' | 'why' | 'fix'>;

/** The inventory with every secret that can be read in its place; hosts say in `unread` which of theirs cannot. */
export async function openSecrets(inventory: Inventory, means: SecretMeans): Promise<Inventory> {
  const read = remember((reference: SecretReference) => readSecret(reference, means));
  const hosts = await Promise.all(inventory.hosts.map((host) => openHost(host, read, means)));
  return { ...inventory, hosts, warnings: [...inventory.warnings, ...(await warnOfReaders(inventory, means))] };
}

/** One secret of the settings, read. Throws where it cannot be. */
export async function openSecret(
  secret: string | SecretReference,
  where: Location,
  means: SecretMeans,
): Promise<string> {
  const read = typeof secret === 'string' ? secret : await readSecret(secret, means);
  if (typeof read !== 'string') throw new ProvisionError({ where, ...read });
  means.hide(read);
  return read;
}

/** Asks once for each reference, however many hosts have it. */
function remember<Answer>(ask: (reference: SecretReference) => Promise<Answer>) {
  const answers = new Map<string, Promise<Answer>>();
  return (reference: SecretReference): Promise<Answer> => {
    const key = `${reference.kind} ${reference.value}`;
    const answer = answers.get(key) ?? ask(reference);
    answers.set(key, answer);
    return answer;
  };
}

async function openHost(
  host: Host,
  read: (reference: SecretReference) => Promise<string | Reason>,
  means: SecretMeans,
): Promise<Host> {
  const fields: Readonly<Record<string, string>> = secretVariables;
  let { connection, variables } = host;
  const unread: ProvisionError[] = [];
  for (const { variable, reference, location } of host.sealed) {
    const secret = await read(reference);
    const field = fields[variable];
    if (typeof secret !== 'string') unread.push(new ProvisionError({ where: location, ...secret }));
    else if (field === undefined) variables = { ...variables, [variable]: secret };
    else connection = { ...connection, [field]: secret };
    if (typeof secret === 'string') means.hide(secret);
  }
  return { ...host, connection, variables, sealed: [], unread };
}

function readSecret({ kind, value }: SecretReference, means: SecretMeans): Promise<string | Reason> {
  if (kind === 'env') return Promise.resolve(readVariable(value, means.environment[value]));
  return kind === 'file' ? readSecretFile(value) : decryptValue(value, means.identityFile);
}

function readVariable(name: string, secret: string | undefined): string | Reason {
  if (secret) return secret;
  return {
    code: 'SECRET_NOT_SET',
    kind: 'config',
    what: `The environment variable ${name} is ${secret === undefined ? 'not set' : 'empty'}`,
    fix: `Set it where provision is started, for instance with: read -rs ${name} && export ${name}`,
  };
}

async function readSecretFile(path: string): Promise<string | Reason> {
  const unreadable = (why: string): Reason => ({
    code: 'SECRET_FILE_UNREADABLE',
    kind: 'config',
    what: `No secret can be read from ${path}`,
    why,
    fix: 'Put the secret there as a line of text; a relative path counts from the inventory.',
  });
  try {
    return asLine(await readFile(path, 'utf8'), unreadable);
  } catch (error) {
    return unreadable((error as Error).message);
  }
}

/** The text without the end of its last line, which an editor or `echo` put there. */
function asLine(text: string, refuse: (why: string) => Reason): string | Reason {
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') return refuse('it is empty');
  return /[\0\ufffd]/.test(secret) ? refuse('it is not text') : secret;
}

async function decryptValue(armored: string, identityFile: string): Promise<string | Reason> {
  const refuse = (why: string): Reason => ({
    code: 'SECRET_NOT_DECRYPTED',
    kind: 'config',
    what: 'This value holds no secret that can be used',
    why: `decrypted, ${why}`,
    fix: 'Encrypt a line of text anew: provision secret encrypt.',
  });
  try {
    return asLine(await decrypt(armored, await readIdentities(identityFile)), refuse);
  } catch (error) {
    if (error instanceof ProvisionError) {
      const { code, kind, what, why, fix } = error;
      return { code, kind, what, ...(why === undefined ? {} : { why }), ...(fix === undefined ? {} : { fix }) };
    }
    if (!(error instanceof NotDecrypted)) throw error;
    return {
      code: 'SECRET_NOT_DECRYPTED',
      kind: 'config',
      what: `This value cannot be decrypted with ${identityFile}`,
      why: error.message,
      fix: 'Name the file of the identity it was made for in PROVISION_AGE_IDENTITY_FILE, or encrypt it anew: provision secret encrypt.',
    };
  }
}

/** Secrets that others than their owner may read. */
async function warnOfReaders(inventory: Inventory, means: SecretMeans): Promise<readonly string[]> {
  const sealed = inventory.hosts.flatMap((host) => host.sealed);
  const files = new Map<string, string>();
  const plain = findPlain(inventory)[0];
  if (plain !== undefined) files.set(inventory.file, `${plain} a secret stands here as it is, and`);
  const { password } = inventory.settings.images;
  if (typeof password === 'object')
    sealed.push({ variable: 'images', reference: password, location: inventory.locate(['images', 'password']) });
  for (const { reference, location } of sealed) {
    const file =
      reference.kind === 'file' ? reference.value : reference.kind === 'age' ? means.identityFile : undefined;
    if (file !== undefined && !files.has(file)) files.set(file, formatLocation(location));
  }
  const warnings = await Promise.all([...files].map(([file, place]) => warnOf(file, place)));
  return warnings.flat();
}

const findPlain = ({ hosts, settings, locate }: Inventory): readonly string[] => [
  ...(typeof settings.images.password === 'string' ? [formatLocation(locate(['images', 'password']))] : []),
  ...hosts.flatMap((host) =>
    Object.entries(secretVariables).flatMap(([variable, field]) =>
      host.connection[field] === undefined ? [] : [formatLocation(host.locate([variable]))],
    ),
  ),
];

async function warnOf(file: string, place: string): Promise<readonly string[]> {
  const mode = (await stat(file).catch(() => undefined))?.mode ?? 0;
  if ((mode & 0o077) === 0) return [];
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  return [`${place} others may read ${file} (mode ${octal}): chmod 600 it`];
}
