import { Unknown } from '../../config/expression.ts';
import type { Inventory } from '../../config/host.ts';
import { hostScope } from '../../config/load-configuration.ts';
import type { Stage } from '../../engine/stage.ts';
import { isClusterTask } from '../../engine/stage.ts';
import type { ObjectReference } from '../../kubernetes/cluster/manifest.ts';
import { knownDaemonSets } from '../../kubernetes/network/flannel-daemonsets.ts';
import type { CarrierFile } from '../image/carrier.ts';
import { carrierScope } from './carrier-scope.ts';
import { daemonsetScope } from './daemonset-scope.ts';

/** Objects of the API that tasks decide by, as the inventory alone says: they are read together with the rest of the cluster. */
export function wantedObjects(
  stages: readonly Stage[],
  inventory: Inventory,
  carrier: CarrierFile | undefined,
): readonly ObjectReference[] {
  const later = new Unknown('when hosts and cluster were seen');
  const daemonset = daemonsetScope(inventory);
  const wanted = stages.flatMap(({ hosts, tasks }) =>
    tasks.flatMap((task) => {
      if (!isClusterTask(task) || task.operation.references === undefined) return [];
      const { references } = task.operation;
      return inventory.hosts
        .filter(({ name }) => hosts.includes(name))
        .flatMap((host) =>
          task.resolve({
            ...hostScope(host),
            run: later,
            node: later,
            flannel: later,
            api: later,
            authority: later,
            software: later,
            bootstrap: later,
            daemonset,
            carrier: carrierScope(carrier),
          }),
        )
        .flatMap((one) => (one.status === 'known' ? references(one.desired) : []));
    }),
  );
  // with them it is decided whether a foreign flannel is in the way, whatever stages are to be run
  if (daemonset !== null) wanted.push(...knownDaemonSets);
  return [...new Map(wanted.map((reference) => [JSON.stringify(reference), reference])).values()];
}
