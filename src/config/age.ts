import { readFile } from 'node:fs/promises';
import { ProvisionError } from '../errors.ts';

/** The secret keys of an age identity file, one a line as age-keygen writes them. Throws AGE_IDENTITY_UNUSABLE. */
export async function readIdentities(file: string): Promise<readonly string[]> {
  const unusable = (why: string, cause?: unknown): ProvisionError =>
    new ProvisionError({
      code: 'AGE_IDENTITY_UNUSABLE',
      kind: 'config',
      what: `There is no usable age identity in ${file}`,
      why,
      fix: 'Name the file of yours in PROVISION_AGE_IDENTITY_FILE, or make one with "provision secret keygen".',
      cause,
    });
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw unusable(cause.message, cause);
  });
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw unusable('it has no line AGE-SECRET-KEY-1…');
  const { identityToRecipient } = await import('age-encryption');
  for (const key of keys)
    await identityToRecipient(key).catch(() => {
      // what stands there may be a damaged key: it is not repeated
      throw unusable(`line ${lines.indexOf(key) + 1} is not an identity of age (AGE-SECRET-KEY-1…)`);
    });
  return keys;
}

/** What goes into an identity file, and whom to encrypt for so that it can be read with it. */
export async function createIdentity(): Promise<{ readonly text: string; readonly recipient: string }> {
  const { generateIdentity, identityToRecipient } = await import('age-encryption');
  const key = await generateIdentity();
  const recipient = await identityToRecipient(key);
  return { text: `# public key: ${recipient}\n${key}\n`, recipient };
}

export async function recipientsOf(identities: readonly string[]): Promise<readonly string[]> {
  const { identityToRecipient } = await import('age-encryption');
  return Promise.all(identities.map((identity) => identityToRecipient(identity)));
}

/** An armored age file with this text, for any of the recipients to read. Throws AGE_RECIPIENT_INVALID. */
export async function encrypt(text: string, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new ProvisionError({
        code: 'AGE_RECIPIENT_INVALID',
        kind: 'usage',
        // whoever pastes the secret key instead does not find it in a log
        what: `Not a recipient of age: ${recipient.slice(0, 8)}…`,
        why: (cause as Error).message,
        fix: 'A recipient begins with age1; "provision secret keygen" prints it, and so does age-keygen -y.',
        cause,
      });
    }
  }
  return armor.encode(await encrypter.encrypt(text));
}

/** Why a value could not be decrypted, in words. */
export class NotDecrypted extends Error {}

/** The text of an armored age file. Throws NotDecrypted. */
export async function decrypt(armored: string, identities: readonly string[]): Promise<string> {
  const { armor, Decrypter } = await import('age-encryption');
  let file: Uint8Array;
  try {
    file = armor.decode(armored);
  } catch (cause) {
    throw new NotDecrypted(`it is not a whole armored age file: ${(cause as Error).message}`, { cause });
  }
  if (Buffer.from(file.subarray(0, 200)).includes('\n-> scrypt '))
    throw new NotDecrypted('it is encrypted with a passphrase, not for an identity');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(file, 'text');
  } catch (cause) {
    throw new NotDecrypted((cause as Error).message, { cause });
  }
}
