import { ProvisionError } from '../../errors.ts';
import type { HostKeyChange } from '../../events.ts';
import { fingerprint, keyType } from '../../transport/known-hosts.ts';
import type { SshOptions } from '../../transport/ssh-connection.ts';
import { hostKeyError } from '../../transport/ssh-errors.ts';
import { type HostKeySight, lookAtHostKey } from '../../transport/ssh-host-key-look.ts';
import type { SshTarget } from '../../transport/ssh-target.ts';

/** What somebody said beforehand about the key of a machine that takes another one's place. */
export interface HostKeyWish {
  /** `SHA256:…`: this key and no other one. */
  readonly hostKey?: string;
  /** Whatever key it shows. */
  readonly acceptNewHostKey: boolean;
  /** Asks a person; undefined where there is nobody to ask. */
  readonly ask?: (lines: readonly string[]) => Promise<boolean | undefined>;
}

/** A key that was accepted. */
export interface AcceptedHostKey {
  readonly key: Buffer;
  readonly change: HostKeyChange;
}

/**
 * Looks at the key of a host before anything else is done there: undefined where it is the one that known_hosts has.
 * Throws HOST_KEY_DIFFERS, HOST_KEY_CHANGED, HOST_KEY_UNKNOWN and HOST_KEY_REVOKED.
 */
export async function settleHostKey(
  target: SshTarget,
  options: SshOptions,
  { hostKey, acceptNewHostKey, ask }: HostKeyWish,
): Promise<AcceptedHostKey | undefined> {
  const sight = await lookAtHostKey(target, options, hostKey);
  if (hostKey !== undefined && fingerprint(sight.shown) !== hostKey) throw differs(target, sight, hostKey);
  if (sight.verdict === 'known') return undefined;
  const accept = (accepted: HostKeyChange['accepted']): AcceptedHostKey => ({
    key: sight.shown,
    change: {
      host: target.name,
      name: sight.name,
      before: sight.known.map(describeKnown),
      after: describe(sight.shown),
      accepted,
    },
  });
  if (sight.verdict !== 'revoked') {
    if (hostKey !== undefined) return accept('fingerprint');
    if (acceptNewHostKey) return accept('option');
    if (ask && (await ask(question(target, sight)))) return accept('answer');
  }
  throw refused(target, sight);
}

const describe = (key: Buffer): string => `${keyType(key)} ${fingerprint(key)}`;

const describeKnown = ({ key, place, isCertified }: HostKeySight['known'][number]): string =>
  `${describe(key)}  ${isCertified ? 'certified by ' : ''}${place}`;

const question = (target: SshTarget, { name, shown, known }: HostKeySight): readonly string[] => [
  `${target.name} (${name}) answers with ${known.length > 0 ? 'another host key' : 'a host key that is not known'}:`,
  ...known.map((one) => `  before  ${describeKnown(one)}`),
  `  now     ${describe(shown)}`,
  'On the console of the machine, ssh-keygen -lf shows the fingerprints of the keys in /etc/ssh.',
];

function refused(target: SshTarget, { name, shown, verdict, known }: HostKeySight): ProvisionError {
  const none = { types: [], authorities: [], check: () => verdict };
  const { code, kind, what, why, fix } = hostKeyError(target, name, shown, verdict, { ...none, keys: known });
  const way = `Compare the fingerprint with the one on the machine's console, then give it: --host-key ${fingerprint(shown)}`;
  return new ProvisionError({
    ...{ code, kind, what },
    ...(why !== undefined && { why }),
    ...(verdict === 'revoked' ? fix !== undefined && { fix } : { fix: way }),
  });
}

const differs = (target: SshTarget, { name, shown }: HostKeySight, hostKey: string): ProvisionError =>
  new ProvisionError({
    code: 'HOST_KEY_DIFFERS',
    kind: 'connection',
    what: `${target.name} (${name}) has no host key with that fingerprint; nothing was changed`,
    why: `asked for: ${hostKey}\nit shows:  ${describe(shown)}`,
    fix: `Read it on the console of the machine (ssh-keygen -lf), and see that ${name} leads to that machine.`,
  });
