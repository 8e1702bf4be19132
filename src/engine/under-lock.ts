import type { ClusterApi } from '../kubernetes/cluster/cluster.ts';
import type { RunRequest } from './run-state.ts';

/** The same API, which changes Nodes and evicts pods only while the lock is held. Throws LOCK_LOST. */
export function underLock(api: ClusterApi, lock: RunRequest['lock']): ClusterApi {
  if (!lock) return api;
  return {
    ...api,
    async patchNode(...request) {
      await lock.confirm();
      return api.patchNode(...request);
    },
    async deleteNode(...request) {
      await lock.confirm();
      return api.deleteNode(...request);
    },
    async evict(...request) {
      await lock.confirm();
      return api.evict(...request);
    },
  };
}
