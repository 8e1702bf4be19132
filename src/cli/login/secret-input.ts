import { text } from 'node:stream/consumers';
import { ProvisionError } from '../../errors.ts';
import { askSecret } from './ask-secret.ts';

/** A secret from a prompt that does not show it, or from standard input without its last newline. Throws SECRET_INPUT_UNUSABLE. */
export async function readSecretInput(): Promise<string> {
  if (!process.stdin.isTTY) return checked((await text(process.stdin)).replace(/\r?\n$/, ''));
  const secret = checked(await ask('Secret: '));
  if ((await ask('Once more: ')) === secret) return secret;
  throw unusable('the two were not the same');
}

async function ask(prompt: string): Promise<string> {
  const answer = await askSecret(prompt);
  if (answer === undefined) throw unusable('the prompt was left');
  return answer;
}

function checked(secret: string): string {
  if (secret === '') throw unusable('it is empty');
  if (/[\0\ufffd]/.test(secret)) throw unusable('it is not text');
  return secret;
}

const unusable = (why: string): ProvisionError =>
  new ProvisionError({
    code: 'SECRET_INPUT_UNUSABLE',
    kind: 'usage',
    what: `No secret was read: ${why}`,
    fix: 'Type it at the prompt, or pass it on standard input.',
  });
