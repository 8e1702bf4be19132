import { expect, test } from 'vitest';
import type { Host } from '../../../src/engine/host.ts';
import type { HostPlan } from '../../../src/engine/planner.ts';
import { clusterTasksAt } from '../../../src/engine/run-batch.ts';
import { nodeReady } from '../../../src/operations/cluster/node-ready.ts';

const plan = (name: string, unit: string | undefined): HostPlan => ({
  host: { name } as Host,
  planned: [],
  entries:
    unit === undefined
      ? [{ position: 1, kind: 'skipped', name: 'Nodes are Ready', because: '' }]
      : [{ position: 1, kind: 'cluster', name: 'Nodes are Ready', operation: nodeReady, desired: { unit } }],
});

test('a task on the cluster is done once for the hosts that want the same of it', () => {
  const plans = [
    plan('a', 'kubelet.service'),
    plan('b', 'k.service'),
    plan('c', 'kubelet.service'),
    plan('d', undefined),
  ];
  const tasks = clusterTasksAt(plans, 1).map(({ entry, hosts }) => [entry.desired, hosts.map(({ name }) => name)]);
  expect(tasks).toEqual([
    [{ unit: 'kubelet.service' }, ['a', 'c']],
    [{ unit: 'k.service' }, ['b']],
  ]);
  expect(clusterTasksAt(plans, 0)).toEqual([]);
});
