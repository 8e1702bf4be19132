import type { ClusterApi } from '../kubernetes/cluster/cluster.ts';
import { uncordonNode } from '../operations/cluster/cordon.ts';
import type { ClusterLock } from './lock.ts';

/** A cordon that a run left behind. */
export interface LiftedCordon {
  readonly node: string;
  readonly run: string;
  /** Somebody else had cordoned it before: it still is. */
  readonly staysCordoned: boolean;
}

/** Lifts every cordon that runs left behind, under the lock; throws CLUSTER_LOCKED where a run began meanwhile. */
export async function liftCordons(api: ClusterApi, lock: ClusterLock): Promise<readonly LiftedCordon[]> {
  const marked = async () => (await api.snapshot()).nodes.filter((node) => node.cordon !== undefined);
  if ((await marked()).length === 0) return [];
  await lock.acquire(api.lock);
  try {
    const lifted: LiftedCordon[] = [];
    for (const { name, cordon } of await marked()) {
      if (!cordon) continue;
      await lock.confirm();
      await uncordonNode(api, name);
      lifted.push({ node: name, run: cordon.run, staysCordoned: cordon.wasCordoned });
    }
    return lifted;
  } finally {
    await lock.release();
  }
}
