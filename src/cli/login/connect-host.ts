import { homedir, userInfo } from 'node:os';
import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import type { HostTarget } from '../../engine/host.ts';
import { type ProvisionError, ProvisionErrors } from '../../errors.ts';
import { openLocal } from '../../transport/local.ts';
import { connectSsh } from '../../transport/ssh.ts';
import { type SshOptions, shareSsh } from '../../transport/ssh-connection.ts';
import type { SshTarget } from '../../transport/ssh-target.ts';
import { checkRights, sudoFor } from './rights.ts';
import { toSshTargets } from './ssh-targets.ts';
import { unlockKeys } from './unlock-keys.ts';

/** The host behind whose address there is another machine now, and who says which key is that machine's. */
export interface NewMachine {
  readonly host: string;
  settleKey(target: SshTarget, options: SshOptions): Promise<Buffer | undefined>;
}

/** How hosts of a run are connected to, with the passphrases that takes asked for. Throws ProvisionErrors. */
export async function openConnectors(
  hosts: readonly InventoryHost[],
  inventory: Inventory,
  acceptNewHostKeys: boolean,
  newMachine?: NewMachine,
): Promise<(host: InventoryHost, connectTimeoutMs: number) => HostTarget['connect']> {
  const { username: localUser, homedir: homeFolder } = userInfo();
  const overSsh = hosts.filter(({ connection }) => connection.type === 'ssh');
  const targets = toSshTargets(overSsh, inventory, { homeFolder: homedir(), localUser, environment: process.env });
  const userOn = ({ name }: InventoryHost): string => targets.get(name)?.user ?? localUser;
  const mistakes = onePerPlace(hosts.flatMap((host) => checkRights(host, userOn(host))));
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);

  const share = shareSsh();
  const readable = overSsh.filter((host) => host.unread.length === 0).map(({ name }) => name);
  await unlockKeys(
    [...targets].flatMap(([name, target]) => (readable.includes(name) ? [target] : [])),
    share.keyring,
  );
  const options = { acceptNewHostKeys, attempts: 10, share };
  const renewed = newMachine && targets.get(newMachine.host);
  const acceptedHostKey = renewed && (await newMachine.settleKey(renewed, { ...options, connectTimeoutMs: 10_000 }));

  return (host, connectTimeoutMs) => async () => {
    for (const mistake of host.unread) throw mistake;
    const sudo = sudoFor(host.connection, userOn(host));
    const target = targets.get(host.name);
    if (!target) return openLocal({ name: host.name, user: localUser, homeFolder }, sudo);
    const accepted = target === renewed && acceptedHostKey ? { ...target, acceptedHostKey } : target;
    return connectSsh(accepted, { ...options, connectTimeoutMs }, sudo);
  };
}

/** A line that many hosts have in common is told of once. */
const onePerPlace = (mistakes: readonly ProvisionError[]): readonly ProvisionError[] =>
  [
    ...new Map(
      mistakes.toReversed().map((mistake) => [JSON.stringify([mistake.code, mistake.where]), mistake]),
    ).values(),
  ].toReversed();
