import { homedir } from 'node:os';
import { loadInventory } from '../config/inventory.ts';
import { reportFailures } from '../engine/guard.ts';
import { type LiftedCordon, liftCordons } from '../engine/lift-cordons.ts';
import { describeLock, nameHolder } from '../engine/lock-errors.ts';
import { type Removal, removeLock } from '../engine/remove-lock.ts';
import { openCluster } from '../kubernetes/cluster/api.ts';
import { createNdjson } from '../reporters/ndjson.ts';
import { secrets } from './login/secrets.ts';
import { newRunId } from './wire/run-id.ts';
import { hasEnded } from './wire/this-process.ts';
import { newLock, unlockCommand } from './wire/wire-lock.ts';

export interface UnlockOptions {
  readonly force: boolean;
  readonly output: 'text' | 'json';
}

/** The command `unlock`; resolves to its exit code: 0 when no lock is left, 5 when a run holds it. */
export async function unlock(inventory: string, options: UnlockOptions): Promise<number> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  try {
    const { settings } = loadInventory(inventory, { homeFolder: homedir(), hide: secrets.hide });
    const api = await openCluster(settings.cluster.kubeconfig);
    const removal = await removeLock(api.lock, {
      force: options.force,
      insist: `${unlockCommand(inventory)} --force`,
      hasEnded,
      onWatch(lease, seconds) {
        if (options.output === 'text') say(`${describeLock(lease, Date.now())}\nwatching it for ${seconds} s …`);
      },
    });
    const lock = newLock('unlock', newRunId(new Date()), inventory, (message) => {
      if (options.output === 'text') say(message);
    });
    const cordons = await liftCordons(api, lock);
    if (options.output === 'json') say(JSON.stringify({ time: new Date().toISOString(), ...asData(removal), cordons }));
    else for (const line of [asText(removal), ...cordons.map(tellCordon)]) say(line);
    return 0;
  } catch (error) {
    if (options.output === 'text') throw error;
    return reportFailures(error, createNdjson({ stream: process.stdout }).show, {}).exitCode;
  }
}

function asText({ lock, abandonment }: Removal): string {
  if (!lock) return 'No run holds this cluster';
  return `Removed the lock of ${nameHolder(lock)} (${abandonment ?? 'by force; a run that goes on stops before its next change'})`;
}

const tellCordon = ({ node, run, staysCordoned }: LiftedCordon): string =>
  staysCordoned
    ? `Node ${node}: stays cordoned, as it was before run ${run}`
    : `Node ${node}: takes pods again; run ${run} had cordoned it`;

const asData = ({ lock, abandonment }: Removal) => ({
  type: 'unlocked',
  lock: lock
    ? {
        holder: nameHolder(lock),
        ...lock.holder,
        renewed: new Date(lock.renewedAt).toISOString(),
        durationSeconds: lock.durationSeconds,
        because: abandonment ?? 'by force',
      }
    : null,
});
