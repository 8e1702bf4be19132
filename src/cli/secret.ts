import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { createIdentity, encrypt, readIdentities, recipientsOf } from '../config/age.ts';
import { ProvisionError } from '../errors.ts';
import { readSecretInput } from './login/secret-input.ts';
import { identityFile } from './login/secrets.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds the commands below `secret`. */
export function addSecretCommands(secret: Command): void {
  secret.description('encrypt secrets for an inventory').helpCommand(false);

  secret
    .command('encrypt')
    .description('read a secret from standard input or a prompt, and print it encrypted, as YAML to paste')
    .argument('[variable]', 'the variable it is for')
    .option('--recipient <age1…>', 'who may read it, several times for several; your own identity if left out', collect)
    .action(async (variable: string | undefined, { recipient }: { recipient?: readonly string[] }) => {
      const recipients = recipient ?? (await recipientsOf(await readIdentities(identityFile())));
      process.stdout.write(formatValue(await encrypt(await readSecretInput(), recipients), variable));
    });

  secret
    .command('keygen')
    .description('make an age identity to read encrypted secrets with, and print whom to encrypt for')
    .argument('[file]', 'a new file; where identities are looked for if left out')
    .action(async (file: string | undefined) => {
      process.stdout.write(`${await writeIdentity(file ?? identityFile())}\n`);
    });
}

/** The value of a variable, its lines indented as YAML wants them. */
function formatValue(armored: string, variable: string | undefined): string {
  const lines = [
    'age: |',
    ...armored
      .trim()
      .split('\n')
      .map((line) => `  ${line}`),
  ];
  const all = variable === undefined ? lines : [`${variable}:`, ...lines.map((line) => `  ${line}`)];
  return `${all.join('\n')}\n`;
}

/** Writes a new identity that only its owner may read; resolves to its recipient. Throws AGE_IDENTITY_EXISTS. */
async function writeIdentity(file: string): Promise<string> {
  const { text, recipient } = await createIdentity();
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new ProvisionError({
      code: exists ? 'AGE_IDENTITY_EXISTS' : 'AGE_IDENTITY_UNWRITABLE',
      kind: 'usage',
      what: exists ? `There is a file ${file} already; it is left as it is` : `${file} cannot be written`,
      ...(exists ? {} : { why: (cause as Error).message }),
      fix: exists
        ? 'Use it, or name another file; what was encrypted for an identity can be read with no other.'
        : 'Name a file in a folder of yours.',
      cause,
    });
  }
  return recipient;
}
