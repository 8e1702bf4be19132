import { ProvisionErrors } from '../../errors.ts';
import { keyLocked } from '../../transport/ssh-errors.ts';
import type { Keyring } from '../../transport/ssh-keyring.ts';
import type { SshTarget } from '../../transport/ssh-target.ts';
import { askSecret } from './ask-secret.ts';
import { secrets } from './secrets.ts';

const tries = 3;

/** Asks for the passphrase of each key that needs one, once; throws SSH_KEY_LOCKED where it is not told. */
export async function unlockKeys(targets: Iterable<SshTarget>, keyring: Keyring): Promise<void> {
  const locked = new Map<string, string>();
  for (const target of withJumps(targets))
    for (const file of await keyring.lockedFor(target)) if (!locked.has(file)) locked.set(file, target.name);
  const left: [string, string][] = [];
  for (const [file, name] of locked) if (!(await unlock(file, keyring))) left.push([name, file]);
  if (left.length > 0) throw new ProvisionErrors(left.map(([name, file]) => keyLocked(name, file)));
}

async function unlock(file: string, keyring: Keyring): Promise<boolean> {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const passphrase = await askSecret(`Passphrase for ${file}: `);
    if (passphrase === undefined) return false;
    secrets.hide(passphrase);
    if (await keyring.unlock(file, passphrase)) return true;
  }
  return false;
}

function withJumps(targets: Iterable<SshTarget>): ReadonlySet<SshTarget> {
  const all = new Set<SshTarget>();
  for (const target of targets)
    for (let one: SshTarget | undefined = target; one !== undefined; one = one.jump) all.add(one);
  return all;
}
